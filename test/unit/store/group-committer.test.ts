import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from '../../../src/internal/deferred.js';
import { GroupCommitter } from '../../../src/store/group-committer.js';
import { LIMIT } from '../../support/limits.js';

/** A committer whose groups are written when the test says so. */
const held = (maxBytes = 1_000) => {
  const groups: { readonly commits: readonly string[]; readonly end: (error?: Error) => void }[] = [];
  const committer = new GroupCommitter<string>((commits) => {
    const written = deferred<void>();
    groups.push({ commits, end: (error) => (error === undefined ? written.resolve() : written.reject(error)) });
    return written.promise;
  }, maxBytes);
  return { committer, groups };
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('calls of one moment are one group, and those that come while it is written the next one', LIMIT, async () => {
  const { committer, groups } = held();
  const first = [committer.commit('a', 1), committer.commit('b', 1)];
  await turn();
  const second = [committer.commit('c', 1), committer.commit('d', 1), committer.commit('e', 1)];
  await turn();
  assert.deepEqual(
    groups.map(({ commits }) => commits),
    [['a', 'b']],
  );
  groups[0]?.end();
  await Promise.all(first);
  await turn();
  assert.deepEqual(
    groups.map(({ commits }) => commits),
    [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ],
  );
  groups[1]?.end();
  await Promise.all(second);
});

test('a group is bounded in bytes, and a commit above the bound is one of its own', LIMIT, async () => {
  const { committer, groups } = held(10);
  const commits = [
    committer.commit('a', 6),
    committer.commit('b', 4),
    committer.commit('c', 50),
    committer.commit('d', 1),
  ];
  for (let group = 0; group < 3; group++) {
    await turn();
    groups[group]?.end();
  }
  await Promise.all(commits);
  assert.deepEqual(
    groups.map((group) => group.commits),
    [['a', 'b'], ['c'], ['d']],
  );
});

test('after a failed write nothing is written, and all that wait or come get its error (R13)', LIMIT, async () => {
  const { committer, groups } = held();
  const failed = committer.commit('a', 1);
  await turn();
  const waiting = [committer.commit('b', 1), committer.commit('c', 1)];
  const error = new Error('the disk');
  groups[0]?.end(error);
  const same = (thrown: unknown): boolean => thrown === error;
  await assert.rejects(failed, same);
  for (const commit of waiting) await assert.rejects(commit, same);
  await assert.rejects(committer.commit('d', 1), same);
  await committer.idle();
  assert.equal(groups.length, 1);
});

test('idle waits for all that was called before', LIMIT, async () => {
  const { committer, groups } = held();
  let idle = false;
  const commits = [committer.commit('a', 1)];
  await turn();
  commits.push(committer.commit('b', 1));
  const waiting = committer.idle().then(() => (idle = true));
  groups[0]?.end();
  await turn();
  assert.equal(idle, false);
  groups[1]?.end();
  await Promise.all([waiting, ...commits]);
});
