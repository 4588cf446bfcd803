import assert from 'node:assert/strict';
import type { SourceReader } from '../../source-reader.js';
import { settlesWithin } from '../settles-within.js';
import type { SourceLimits, SourceScenario, SourceScene } from './source-harness.js';
import { type StoredRuns, withRuns } from './stored-runs.js';
import { take } from './take.js';

/** So many are taken of twice as many: what is not polled must wake nobody, and hold back no answer. */
const TAKEN = 5;
/** For what may never come. */
const REST_MS = 200;

/** Takes some items, and gives the position up to which commits are made. */
const takeSome = async <T>(
  { fixture }: SourceScene<T>,
  job: StoredRuns<T>,
): Promise<readonly [SourceReader<T>, number]> => {
  const reader = await job.start();
  await fixture.produce(2 * TAKEN);
  const { last } = await take(fixture, reader, { count: TAKEN });
  return [reader, last];
};

const isOwed = ({ awaited = 0 }: SourceReader<unknown>): boolean => awaited > 0;
const isDirty = ({ dirty = false }: SourceReader<unknown>): boolean => dirty;

/** Waits for `whenDirty`. Whether it came; where an answer is to come it must. */
const dirtied = async <T>({ until }: SourceScene<T>, reader: SourceReader<T>): Promise<boolean> => {
  const wasDirty = isDirty(reader);
  const wasOwed = isOwed(reader);
  // looked at as it comes: others may come while the case wakes
  let then: { readonly isDirty: boolean; readonly isOwed: boolean } | undefined;
  const asked = Promise.resolve(reader.whenDirty?.()).then(() => {
    then = { isDirty: isDirty(reader), isOwed: isOwed(reader) };
  });
  const limit = (): Promise<void> =>
    until(() => then !== undefined, `whenDirty, with ${reader.awaited} answers to come`);
  // it is asked for again before the next answer: `until` alone would be too late for that
  if (wasOwed) await Promise.race([asked, limit()]);
  else if (!(await settlesWithin(asked, REST_MS))) return false;
  assert.equal(then?.isDirty, true, 'whenDirty came with nothing to commit');
  if (wasDirty) assert.equal(then.isOwed, false, 'whenDirty came before the last answer');
  return true;
};

/** Commits until nothing comes any more. `isDue`: whether one that could be made is made. */
const commitToRest = async <T>(
  scene: SourceScene<T>,
  job: StoredRuns<T>,
  isDue: (reader: SourceReader<T>) => boolean,
): Promise<void> => {
  const [reader, last] = await takeSome(scene, job);
  job.store(last);
  assert.equal(reader.awaited ?? 0, 0, 'no commit has let anything out');
  job.commit(last);
  if (reader.whenDirty === undefined) return;
  for (let commits = 0; ; ) {
    if (isDirty(reader) && isDue(reader)) {
      job.commit(last);
      commits += 1;
      assert.ok(commits <= TAKEN, `${commits} commits for the answers to ${TAKEN} items`);
    } else if (!(await dirtied(scene, reader))) break;
  }
  assert.equal(reader.awaited ?? 0, 0, 'every answer has come');
};

/** Rule 7, as an engine does that commits whatever there is. */
const tellsUnpolled = <T>(scene: SourceScene<T>, job: StoredRuns<T>): Promise<void> =>
  commitToRest(scene, job, () => true);

/** Rule 8, as an engine does that holds its commit back for the answers. */
const tellsLast = <T>(scene: SourceScene<T>, job: StoredRuns<T>): Promise<void> =>
  commitToRest(scene, job, (reader) => !isOwed(reader));

/** Cases of what a source has to commit besides positions, because its origin has answered. */
export const answerScenarios = <T>({ durable: skip }: SourceLimits): readonly SourceScenario<T>[] => [
  {
    name: 'durable: it tells what there is to commit, though nobody polls',
    items: 2 * TAKEN,
    skip,
    run: withRuns(tellsUnpolled),
  },
  {
    name: 'durable: while there is something to commit it tells the last answer that is to come, and none before',
    items: 2 * TAKEN,
    skip,
    run: withRuns(tellsLast),
  },
];
