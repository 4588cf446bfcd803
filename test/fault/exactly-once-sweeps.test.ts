import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertOnce } from '../support/kill-assert.js';
import { type WriteMoment, withKillAtWrite } from '../support/kill-at-write.js';
import { type KillBroker, startKillBroker } from '../support/kill-brokers.js';
import type { Wrap } from '../support/kill-launch.js';
import { KillRig } from '../support/kill-rig.js';
import { fullRun, killSeed } from '../support/kill-seed.js';
import { storeFile } from '../support/kill-store.js';
import { strike } from '../support/kill-strike.js';
import { millraceBridge } from '../support/kill-system.js';
import { SeededRandom } from '../support/seeded-random.js';
import { straceProblem, withInjection } from '../support/strace-inject.js';
import { tempDir } from '../support/temp-dir.js';

/*
 * A13 and F9: the fixed run is killed at its first socket write, at its second, and so on until it has no more; the same for
 * every system call that writes or flushes the store. Here some of them, drawn by SEED; TEST_FULL=1 goes through all.
 */

const COUNT = 50;
const SAMPLES = 3;
/** More than a run of this size has. */
const MOST = 400;
const LIMIT = { timeout: fullRun ? 900_000 : 90_000 };
const SYSCALLS = ['fdatasync', 'pwrite64', 'writev'] as const;
const MOMENTS: readonly WriteMoment[] = ['before', 'half', 'after'];
const withoutStrace = straceProblem() ?? false;

describe('exactly-once, killed at each step of a fixed run', { timeout: fullRun ? 3_000_000 : 170_000 }, () => {
  let from: KillBroker;
  let to: KillBroker;
  before(async () => {
    [from, to] = await Promise.all([startKillBroker('durable'), startKillBroker('durable')]);
  });
  after(() => Promise.all([from.mosquitto.stop(), to.mosquitto.stop()]));

  /** One store and one session for all points: what a point leaves behind is what the next begins with. */
  const sweep = async (t: { diagnostic(text: string): void }, wrapAt: (nth: number, rig: KillRig) => Wrap) => {
    await using rig = await KillRig.open({ system: millraceBridge(), from, to });
    await rig.start();
    await rig.end();
    const points = fullRun ? Array.from({ length: MOST }, (_, index) => index + 1) : sampled();
    let fired = 0;
    for (const nth of points) {
      const result = await strike(rig, COUNT, wrapAt(nth, rig));
      if (result.fired) fired += 1;
      else break;
    }
    const report = await rig.settle();
    t.diagnostic(`SEED=${killSeed}: killed at ${fired} points, ${report.sent} messages`);
    assertOnce(report);
    assert.ok(fired > 0 && fired < MOST, `${fired} kills`);
  };

  for (const moment of MOMENTS) {
    it(`at a socket write (${moment} it): nothing is lost and nothing comes twice`, LIMIT, (t) =>
      sweep(t, (nth) => withKillAtWrite(nth, moment)),
    );
  }

  for (const syscall of SYSCALLS) {
    it(`at a ${syscall} of the store: nothing is lost and nothing comes twice`, {
      ...LIMIT,
      skip: withoutStrace,
    }, (t) => {
      const log = join(tempDir('strace'), 'log');
      return sweep(t, (nth, rig) =>
        withInjection({ file: storeFile(rig.ends), syscalls: [syscall], nth, fault: 'KILL', log }),
      );
    });
  }
});

/** Ascending; small ones, since every run has them. */
function sampled(): number[] {
  const random = new SeededRandom(killSeed);
  return Array.from({ length: SAMPLES }, () => 1 + random.below(8)).sort((a, b) => a - b);
}
