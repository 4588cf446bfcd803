import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { type ClusterFlaws, playSchedule } from '../support/cluster/sim/cluster-history.js';
import { playInThreads, playSchedules, type ScheduleTally } from '../support/cluster/sim/play-schedules.js';
import { howMany } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';

/*
 * Nodes with the real claims (driver, machine, failure detector, members) and the real stores over logs (writer, view behind it,
 * snapshots, restoring, following), over simulated servers and brokers; in the place of the engine stands the least that one does
 * (`mill.ts`), for the sake of their number. A schedule is some of: a node that stands still, dies at once or at any write, loses its disk,
 * leaves, joins; its ways to claims, logs and brokers cut in either direction, or losing, delaying and doubling; a log without a leader, or
 * whose readers are behind; a broker that ends and comes again; a CONNECT that arrives when another node has the partition.
 *
 * Judged at each step: C1 as records enter, C2 as the brokers get something, C3 at each packet, C4 at each opening and in the end, the order
 * and number of what is delivered; C6 by clocks that differ by days; C7 in the end. Nothing changes its partition here: C5 is
 * `exchange-histories.test.ts`'s, and `cluster-histories.test.ts`'s with all of this.
 */

const SAMPLE = 400;
/** Minutes, on two processors. MILLRACE_SEEDS=100000 plays a hundred thousand. */
const FULL = 20_000;
const { MILLRACE_SEED, MILLRACE_SEEDS } = process.env;

const play = (): Promise<ScheduleTally> => {
  if (MILLRACE_SEED !== undefined) return playSchedules(Number(MILLRACE_SEED), Number(MILLRACE_SEED) + 1);
  const count = Number(MILLRACE_SEEDS ?? howMany({ sample: SAMPLE, full: FULL }));
  return count > SAMPLE ? playInThreads(count, availableParallelism()) : playSchedules(0, count);
};

describe('schedules of a cluster', SUITE_LIMIT, () => {
  test(
    'C1 to C4, C6, C7: each partition has one writer, says nothing unproven, and delivers everything once',
    LIMIT,
    async (t) => {
      const { played, openings, delivered, fired, failure } = await play();
      assert.ok(failure === undefined, failure);
      t.diagnostic(`${played} schedules, ${openings} openings, ${delivered} messages`);
      t.diagnostic(
        `faults that hit: ${Object.entries(fired)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', ')}`,
      );
      if (played < SAMPLE) return;
      assert.ok(openings > 1.5 * played, `only ${openings} openings`);
      for (const kind of [
        'pause',
        'kill',
        'leave',
        'cut',
        'trouble',
        'election',
        'lag',
        'sever',
        'stall',
        'hold',
        'late-claim',
      ]) {
        assert.ok((fired[kind] ?? 0) > played / 30, `${kind} hit ${fired[kind] ?? 0} times`);
      }
    },
  );

  test('a seed is one schedule: played twice, the same happens', LIMIT, async () => {
    for (const seed of [3, 7, 11]) assert.deepEqual(await playSchedule(seed), await playSchedule(seed));
  });

  const flaws: Record<string, ClusterFlaws & { readonly noticed: RegExp }> = {
    'a log that lets in what belongs elsewhere': { lax: true, noticed: /^C1/ },
    'an acknowledgement before the commit': { mill: 'acknowledges-early', noticed: /^C2/ },
    'an output before the commit': { mill: 'sends-early', noticed: /^C2/ },
    'a word at a broker without a proof': { mill: 'speaks-unproven', noticed: /^C3/ },
  };
  for (const [title, { noticed, ...flaw }] of Object.entries(flaws)) {
    test(`${title} is noticed`, LIMIT, async () => {
      for (let seed = 0; seed < 100; seed += 1) {
        const [verdict] = (await playSchedule(seed, flaw)).verdicts;
        if (verdict !== undefined) return assert.match(verdict, noticed);
      }
      assert.fail('nothing was noticed');
    });
  }
});
