import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { howMany } from '../support/full-run.js';
import { assertOnce, reportLine } from '../support/kill/kill-assert.js';
import { type KillBroker, startKillBroker } from '../support/kill/kill-brokers.js';
import { randomKills } from '../support/kill/kill-scenarios.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { millracePipeline } from '../support/kill/kill-system.js';
import { judgeWindows } from '../support/kill/kill-windows.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';

/*
 * A job with windows by the time of its messages between two real brokers, killed (SIGKILL) at random. It numbers the messages as it takes
 * them, and by these numbers its windows are recomputed. MILLRACE_FULL=1 kills it fifty times; SEED=n repeats a run's random choices.
 */

describe('windows under kill -9 at random moments', SUITE_LIMIT, () => {
  let from: KillBroker;
  let to: KillBroker;
  before(async () => {
    [from, to] = await Promise.all([startKillBroker('durable'), startKillBroker('durable')]);
  });
  after(() => Promise.all([from.mosquitto.stop(), to.mosquitto.stop()]));

  it(
    'tumbling, sliding and sessions are those of a recomputation, each told once, and so are late messages',
    LIMIT,
    async (t) => {
      t.diagnostic(`SEED=${killSeed}`);
      const rounds = howMany({ sample: 3, full: 50 });
      const system = millracePipeline('windows', { kind: 'windows' });
      const report = await randomKills({ system, from, to }, { rounds, seed: killSeed });
      t.diagnostic(`${reportLine(report)}, over ${report.fired} kills, ${report.inStart} more in a start`);
      assert.equal(report.fired, rounds);
      assert.equal(report.ending, 'exit code 0');
      assertOnce(report);
      const { due, ...judged } = judgeWindows(report.messages);
      t.diagnostic(`${due} results of windows and late messages`);
      assert.deepEqual(judged, { missing: [], wrong: [], duplicates: 0, disordered: [] });
      assert.ok(due > report.sent / 4, 'windows have ended');
    },
  );
});
