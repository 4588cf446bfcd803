import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientIdFight } from '../../../../support/reconnect/client-id-fight.js';
import { policyOf } from '../../../../support/reconnect/policy-of.js';
import { SeededRandom } from '../../../../support/seeded-random.js';

const SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);

/** The longest of many fights, in milliseconds. */
const longest = (misled: readonly [number, number], connectMs: number): number =>
  Math.max(
    ...SEEDS.map((seed) => {
      const seeded = new SeededRandom(seed);
      const random = (): number => seeded.next();
      const policies = [policyOf({}, [], random), policyOf({}, [], random)] as const;
      return new ClientIdFight({ policies, misled, connectMs, random }).fight();
    }),
  );

describe('two clients with one id at a broker that gives no reason (R19a)', () => {
  for (const connectMs of [20, 500]) {
    it(`are found in a few seconds, where a connect takes ${connectMs} ms at most`, () => {
      const ms = longest([0, 0], connectMs);
      assert.ok(ms < 12_000, `${ms} ms`);
    });

    for (const misled of [
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const)
      it(`are found within half a minute where a trial has found nothing (${misled}; ${connectMs} ms)`, () => {
        const ms = longest(misled, connectMs);
        assert.ok(ms < 30_000, `${ms} ms`);
      });
  }
});
