import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playCluster } from '../support/cluster/sim/engine/play-cluster.js';
import { emptyTally, tallied } from '../support/cluster/sim/play-schedules.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';

/*
 * As `cluster-schedules.test.ts`, with the whole program in each node: `ClusterEngine` over the simulated servers, the real client over simulated
 * connections. A job counts by key; with two partitions items go to the partition of their key (C5), over edges that lose, double and reorder.
 * Sessions are made in the history, so a CONNECT that is held may be the one that makes a session, or is to begin it anew; and a node may die
 * when its session has messages already, and the log does not say yet that it is complete. Neither takes anything from the next owner (R6a); a
 * loss all the same would have to be told (R5).
 */

const SAMPLE = 40;
/** Minutes. */
const FULL = 1500;
const { MILLRACE_SEED, MILLRACE_SEEDS } = process.env;

test(
  'C1 to C7: nodes with the whole program lose, double and reorder nothing, and one writes and speaks for each partition',
  LIMIT,
  async (t) => {
    const count = Number(MILLRACE_SEEDS ?? howMany({ sample: SAMPLE, full: FULL }));
    const seeds =
      MILLRACE_SEED === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(MILLRACE_SEED)];
    const tally = emptyTally();
    for (const seed of seeds) {
      tallied(tally, await playCluster(seed), 'cluster-histories');
      assert.ok(tally.failure === undefined, tally.failure);
      if (seed % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const { played, openings, delivered, fired } = tally;
    t.diagnostic(`${played} histories, ${openings} openings, ${delivered} messages`);
    t.diagnostic(
      `faults that hit: ${Object.entries(fired)
        .map(([kind, hits]) => `${kind} ${hits}`)
        .join(', ')}`,
    );
    if (played < SAMPLE) return;
    assert.ok(openings > 1.5 * played, `only ${openings} openings`);
    assert.ok((fired['hold-next'] ?? 0) > played / 10, 'first CONNECTs are held');
  },
);

test('a seed is one history: played twice, the same happens', LIMIT, async () => {
  for (const seed of [3, 7, 11]) assert.deepEqual(await playCluster(seed), await playCluster(seed));
});
