import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';
import { SimHistory } from '../support/sim/sim-history.js';
import { type SimPlan, simPlan } from '../support/sim/sim-plan.js';

/* The simulator itself: it is deterministic, and it notices what is wrong. */

async function firstVerdict(changes: Partial<SimPlan>, seeds: number): Promise<string | undefined> {
  for (let seed = 0; seed < seeds; seed += 1) {
    const plan = { ...simPlan(seed, 'exactly-once', new SeededRandom(seed)), ...changes };
    const { verdicts } = await new SimHistory(plan).play();
    if (verdicts.length > 0) return verdicts[0];
  }
  return undefined;
}

test('a seed is one history: played twice, the same happens at the same time', LIMIT, async () => {
  for (const seed of [3, 7, 11]) {
    const play = () => new SimHistory(simPlan(seed, 'losses', new SeededRandom(seed)), { logging: true }).play();
    const first = await play();
    const second = await play();
    assert.deepEqual(first, second);
    assert.ok(first.log.length > 20);
  }
});

test('a store that takes for durable what a crash undoes is found out (R1, R7, R13)', LIMIT, async (t) => {
  const verdict = await firstVerdict({ diskFlaw: 'lying' }, 60);
  assert.ok(verdict !== undefined, 'nothing was noticed');
  t.diagnostic(verdict);
});

test('a store that tears commits is found out (Invariant 2)', LIMIT, async (t) => {
  const verdict = await firstVerdict({ diskFlaw: 'torn' }, 200);
  assert.ok(verdict !== undefined, 'nothing was noticed');
  t.diagnostic(verdict);
});
