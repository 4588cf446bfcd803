import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fullRun } from '../support/full-run.js';
import { BusyCores } from '../support/kill/busy-cores.js';
import { FROZEN_MS, reconnectingBridge, untilFenced } from '../support/kill/kill-again.js';
import { assertOnce, reportLine } from '../support/kill/kill-assert.js';
import { type KillBroker, startKillBroker } from '../support/kill/kill-brokers.js';
import { burstsOfCuts, frozenBroker, type Scenario } from '../support/kill/kill-scenarios.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';

/*
 * R2b on real processes: what makes mosquitto send finished messages again, under load on all cores. Which of them come again is up to
 * the scheduler; test/fault/finished-messages.test.ts makes them come. The promise is from the first fence of the session on: before it
 * the copy of one message cannot be told, see test/unit/mqtt/protocol/session/finished/completion-hold.test.ts.
 */

const MESSAGES_PER_SECOND = 800;

for (const version of [5, 4] as const) {
  describe(`R2b: sessions that go on many times in a moment (version ${version})`, SUITE_LIMIT, () => {
    let from: KillBroker;
    let to: KillBroker;
    before(async () => {
      [from, to] = await Promise.all([startKillBroker('durable'), startKillBroker('durable')]);
    });
    after(() => Promise.all([from.mosquitto.stop(), to.mosquitto.stop()]));

    const play = async (t: { diagnostic(text: string): void }, scenario: Scenario, rounds: number) => {
      t.diagnostic(`SEED=${killSeed}`);
      // in a sample, the tests beside it are the load
      await using _ = fullRun ? new BusyCores() : undefined;
      const run = { system: reconnectingBridge(version), from, to, proxied: true };
      const options = { rounds, seed: killSeed, perSecond: MESSAGES_PER_SECOND, ready: untilFenced };
      const report = await scenario(run, options);
      t.diagnostic(reportLine(report));
      assert.equal(report.fired, rounds);
      assertOnce(report);
    };

    for (const [side, name] of [
      ['from', 'source'],
      ['to', 'sink'],
    ] as const) {
      // a sample has each fault on each side once, in one of the versions
      const inSample = (version === 5) === (side === 'to');
      const limit = (sampled: boolean) => ({ ...LIMIT, skip: fullRun || sampled ? false : 'npm run test:full' });

      it(
        `the connection of the ${name} is reset in bursts: once the broker has shown how it counts, nothing is lost and nothing comes twice`,
        limit(inSample),
        (t) => play(t, burstsOfCuts(side), fullRun ? 20 : 3),
      );

      it(
        `the broker of the ${name} stands still for longer than all timeouts: once it has shown how it counts, nothing is lost and nothing comes twice`,
        limit(!inSample),
        (t) => play(t, frozenBroker(side, FROZEN_MS), fullRun ? 8 : 1),
      );
    }
  });
}
