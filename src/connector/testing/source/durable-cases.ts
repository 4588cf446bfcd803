import assert from 'node:assert/strict';
import type { SourceReader } from '../../source-reader.js';
import { settlesWithin } from '../settles-within.js';
import { upwards } from '../upwards.js';
import { durableGuarantee, type SourceLimits, type SourceScenario, type SourceScene } from './source-harness.js';
import { type StoredRuns, withRuns } from './stored-runs.js';
import { positionOf, take } from './take.js';

/** The harness says what the source promises: `refuse` must let a job have it. */
const isNotRefused = async <T>({ fixture, limits }: SourceScene<T>): Promise<void> => {
  assert.equal(fixture.source.refuse(durableGuarantee(limits)), undefined);
};

/** A commit may end anywhere: in front of the first item, in the middle of a poll, at its end, behind the last. */
const goesOnBehind =
  (covered: number) =>
  async <T>({ fixture }: SourceScene<T>, job: StoredRuns<T>): Promise<void> => {
    const reader = await job.start();
    await fixture.produce(10);
    const taken = await take(fixture, reader, { count: 10, max: 3 });
    job.commit(covered === 0 ? positionOf(taken, 0) - 1 : positionOf(taken, covered - 1));
    await job.end();
    const again = await job.start();
    const rest = await take(fixture, again, { count: 10 - covered });
    assert.deepEqual(rest.sequences, upwards(covered, 10));
    await fixture.produce(2);
    const more = await take(fixture, again, { count: 2, before: rest });
    assert.deepEqual(more.sequences, [10, 11]);
    assert.equal([...rest.positions, ...more.positions][0], 0, 'positions count from 0 in each reader');
  };

/** A crash in front of the first commit: there is no `restored`, though the origin has met this reader before. */
const beginsAgain = async <T>({ fixture }: SourceScene<T>, job: StoredRuns<T>): Promise<void> => {
  const reader = await job.start();
  await fixture.produce(5);
  await take(fixture, reader, { count: 5 });
  await job.end();
  const again = await job.start();
  assert.deepEqual((await take(fixture, again, { count: 5 })).sequences, upwards(0, 5));
};

/** Invariant 2 over many restarts, with polls and commits of changing sizes: what the commits cover is each item, once. */
const commitsEachOnce = async <T>({ fixture }: SourceScene<T>, job: StoredRuns<T>): Promise<void> => {
  await (await job.start()).close();
  await fixture.produce(60);
  const committed: number[] = [];
  for (let round = 1; committed.length < 60; round += 1) {
    const reader = await job.start();
    const count = Math.min(60 - committed.length, (round * 5) % 17);
    const taken = await take(fixture, reader, { count, max: (round % 4) + 1 });
    const keep = Math.min(count, round);
    if (keep > 0) job.commit(positionOf(taken, keep - 1));
    committed.push(...taken.sequences.slice(0, keep));
    await job.end();
  }
  assert.deepEqual(committed, upwards(0, 60));
};

/** The commit is durable and `committed` was never called: the origin gives the items again, and the state must tell them (R2a). */
const isOnceAfterCrash = async <T>({ fixture }: SourceScene<T>, job: StoredRuns<T>): Promise<void> => {
  const reader = await job.start();
  await fixture.produce(10);
  job.store(positionOf(await take(fixture, reader, { count: 10 }), 5));
  await job.end();
  const again = await job.start();
  assert.deepEqual((await take(fixture, again, { count: 4 })).sequences, upwards(6, 10));
};

/** Rule 3 with two snapshots before the first is durable: each lets out what it covers, and no more (R1). */
const acknowledgesCovered = async <T>({ fixture, until }: SourceScene<T>, job: StoredRuns<T>): Promise<void> => {
  const reader = await job.start();
  await fixture.produce(10);
  const taken = await take(fixture, reader, { count: 10 });
  const first = job.store(positionOf(taken, 2));
  const second = job.store(positionOf(taken, 6));
  await settlesWithin(reader.ready(), 100);
  assert.equal(await fixture.acknowledged?.(), 0);
  reader.committed(first);
  await until(async () => (await fixture.acknowledged?.()) === 3, 'three acknowledgements');
  await settlesWithin(reader.ready(), 50);
  assert.equal(await fixture.acknowledged?.(), 3);
  reader.committed(second);
  await until(async () => (await fixture.acknowledged?.()) === 7, 'seven acknowledgements');
};

/** Each `ready` is for something new, so that an engine which answers each by a commit does not spin. */
const comesToRest = async <T>({ fixture, until }: SourceScene<T>, job: StoredRuns<T>): Promise<void> => {
  const reader = await job.start();
  await fixture.produce(5);
  const { last } = await take(fixture, reader, { count: 5 });
  job.commit(last);
  let wakes = 0;
  const isAtRest = async (): Promise<boolean> => {
    for (; await settlesWithin(reader.ready(), 200); wakes += 1) {
      assert.equal(reader.poll(1).items.length, 0);
      assert.equal(reader.dirty, true, 'it was ready for a commit');
      job.commit(last);
      assert.equal(reader.dirty, false, 'the commit took it');
    }
    return reader.awaited === 0;
  };
  await until(isAtRest, 'every answer');
  assert.ok(wakes <= 5, `${wakes} wakes for 5 items`);
};

const pollThrows = (reader: SourceReader<unknown>): boolean => {
  try {
    reader.poll(1);
    return false;
  } catch {
    return true;
  }
};

/** Rule 3: a commit under way ends after the source has failed, and the engine tells it before it closes. */
const takesLateCommit = async <T>({ fixture, until }: SourceScene<T>, job: StoredRuns<T>): Promise<void> => {
  const reader = await job.start();
  await fixture.produce(3);
  const { last } = await take(fixture, reader, { count: 3 });
  const mark = job.store(last);
  await fixture.fail?.();
  await until(() => pollThrows(reader), 'poll throws');
  reader.committed(mark);
};

/** Cases of jobs with a store. */
export const durableScenarios = <T>(limits: SourceLimits): readonly SourceScenario<T>[] => {
  const { durable: skip, once, acknowledgement, rest, failure } = limits;
  const scenarios: readonly SourceScenario<T>[] = [
    { name: 'is not refused what it promises', items: 0, run: isNotRefused },
    ...[0, 1, 4, 9, 10].map((covered) => ({
      name: `after a restart it gives exactly what the last commit leaves out (${covered} of 10)`,
      items: 12,
      run: withRuns<T>(goesOnBehind(covered)),
    })),
    { name: 'a restart before the first commit gives everything', items: 5, run: withRuns(beginsAgain) },
    { name: 'over many restarts every item is in the commits once', items: 60, run: withRuns(commitsEachOnce) },
    {
      name: 'what a commit covers is not given again, although the crash came before the reader was told',
      items: 10,
      skip: once,
      run: withRuns(isOnceAfterCrash),
    },
    {
      name: 'acknowledges nothing before the commit is durable, and then what it covers',
      items: 10,
      skip: acknowledgement,
      run: withRuns(acknowledgesCovered),
    },
    {
      name: 'comes to rest, neither dirty nor ready, when all is committed',
      items: 5,
      skip: rest,
      run: withRuns(comesToRest),
    },
    {
      name: 'a commit that ends after the source has failed does no harm',
      items: 3,
      skip: failure,
      run: withRuns(takesLateCommit),
    },
  ];
  return scenarios.map((scenario) => ({
    ...scenario,
    // so that no name is one of a case without a store
    name: `durable: ${scenario.name}`,
    skip: skip ?? scenario.skip,
  }));
};
