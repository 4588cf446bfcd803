import assert from 'node:assert/strict';
import type { Store } from '../../../store/store.js';
import { type NumbersBelow, numbersFrom } from '../numbers-from.js';
import { rejectsWith } from '../rejects-with.js';
import { all, batch, beforeAndAfter, bytes, keysOf, numbered, type StoreRun } from './store-scene.js';

const isEmpty: StoreRun = async (store) => {
  assert.equal(store.get('a'), undefined);
  assert.deepEqual(all(store), []);
};

const readsWhatWasPut: StoreRun = async (store, reopen) => {
  await store.commit(batch(['a', bytes(1, 2)], ['b', bytes()]));
  await beforeAndAfter(store, reopen, (reader) => {
    assert.deepEqual(reader.get('a'), bytes(1, 2));
    assert.deepEqual(reader.get('b'), bytes());
    assert.equal(reader.get('c'), undefined);
    assert.deepEqual(all(reader), [
      ['a', bytes(1, 2)],
      ['b', bytes()],
    ]);
  });
};

/** Rule 1: who sees a change before it is durable lets out what a crash takes back. */
const isUnseenBefore: StoreRun = async (store) => {
  const done = store.commit(batch(['a', bytes(1)]));
  assert.equal(store.get('a'), undefined);
  assert.deepEqual(keysOf(store), []);
  await done;
  assert.deepEqual(keysOf(store), ['a']);
};

/** A removal need not know what is there: the engine removes by key, after a crash once more. */
const replacesAndRemoves: StoreRun = async (store, reopen) => {
  await store.commit(batch(['a', bytes(1)], ['b', bytes(2)], ['c', bytes(3)]));
  await store.commit(batch(['a', bytes(9, 9)], ['b', undefined], ['x', undefined]));
  await beforeAndAfter(store, reopen, (reader) => {
    assert.deepEqual(all(reader), [
      ['a', bytes(9, 9)],
      ['c', bytes(3)],
    ]);
  });
};

/** Rule 1. Calls of one turn share an fsync; the order among them must not be lost by that. */
const appliesInOrder: StoreRun = async (store, reopen) => {
  const commits = Array.from({ length: 50 }, (_, index) =>
    store.commit(batch(['last', bytes(index)], [numbered(index), bytes(index)], [numbered(index - 1), undefined])),
  );
  await Promise.all(commits);
  await beforeAndAfter(store, reopen, (reader) => {
    assert.deepEqual(reader.get('last'), bytes(49));
    assert.deepEqual(keysOf(reader), ['last', numbered(49)]);
  });
};

/** Rule 1, over several groups: each commit is read as soon as it has resolved. */
const hasAllBefore: StoreRun = async (store) => {
  const commits = Array.from({ length: 200 }, async (_, index) => {
    if (index % 10 === 0) await new Promise(setImmediate);
    await store.commit(batch([numbered(index), bytes(1)]));
    assert.ok(store.get(numbered(index)) !== undefined);
  });
  await Promise.all(commits);
  assert.equal(keysOf(store).length, 200);
};

const takesEmpty: StoreRun = async (store) => {
  await store.commit(batch());
  assert.deepEqual(all(store), []);
};

/** Rule 2: the one kind of rejection behind which the store lives on, so all of the batch must have been looked at before. */
const refusesForms: StoreRun = async (store) => {
  const { maxKeyBytes } = store;
  const longest = 'é'.repeat(maxKeyBytes / 2) + 'x'.repeat(maxKeyBytes % 2);
  await store.commit(batch(['a', bytes(1)]));
  const refused: [string, Uint8Array][] = [
    ['', bytes(1)],
    ['x'.repeat(maxKeyBytes + 1), bytes(1)],
    [`${longest}x`, bytes(1)],
    ['\ud800', bytes(1)],
    ['big', new Uint8Array(store.maxCommitBytes)],
  ];
  for (const entry of refused) await rejectsWith('INVALID_OPTIONS', store.commit(batch(['b', bytes(2)], entry)));
  assert.deepEqual(keysOf(store), ['a']);
  await store.commit(batch([longest, bytes(3)]));
  assert.deepEqual(keysOf(store), ['a', longest]);
};

/** `maxCommitBytes` is what the engine fills its commits by. */
const takesTheLargest: StoreRun = async (store, reopen) => {
  const value = new Uint8Array(store.maxCommitBytes - 1).fill(5);
  await store.commit(batch(['k', value]));
  assert.equal((await reopen()).get('k')?.byteLength, value.byteLength);
};

/** Rule 4. A commit that was called before `close` is durable, one behind it is refused. */
const closesAfterCommits: StoreRun = async (store, reopen) => {
  const commits = Array.from({ length: 20 }, (_, index) => store.commit(batch([numbered(index), bytes(index)])));
  let settled = 0;
  for (const commit of commits) {
    void commit.then(() => {
      settled += 1;
    });
  }
  const closing = store.close();
  await rejectsWith('INVALID_STATE', store.commit(batch(['late', bytes(1)])));
  await Promise.all([closing, store.close()]);
  assert.equal(settled, 20);
  await store.close();
  assert.throws(() => store.get('a'), { code: 'INVALID_STATE' });
  assert.throws(() => [...store.range('a', 'b')], { code: 'INVALID_STATE' });
  assert.equal(keysOf(await reopen()).length, 20);
};

const KEYS = ['a', 'b', '\u{10ffff}z', 'c', 'row/1', 'row/2', '\0', 'ä\u{1f642}', '\u{ffff}', 'x'.repeat(40)];

/** A batch of up to eight puts and removals. */
const anyBatch = (below: NumbersBelow): Map<string, Uint8Array | undefined> =>
  new Map(
    Array.from({ length: below(9) }, (): [string, Uint8Array | undefined] => [
      KEYS[below(KEYS.length)] ?? 'a',
      below(3) === 0 ? undefined : new Uint8Array(below(20)).fill(below(256)),
    ]),
  );

const checkAgainst = (model: ReadonlyMap<string, Uint8Array>, reader: Store, what: string): void => {
  const expected = [...model].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(all(reader), expected, what);
  for (const key of KEYS) assert.deepEqual(reader.get(key), model.get(key), what);
};

/** All of it against a plain map, before and after a restart; the keys are those at which orders differ. */
const isLikeAMap: StoreRun = async (store, reopen) => {
  const model = new Map<string, Uint8Array>();
  for (let seed = 1; seed <= 30; seed += 1) {
    const below = numbersFrom(seed);
    const series = Array.from({ length: below(7) }, () => anyBatch(below));
    await Promise.all(series.map((entries) => store.commit(entries)));
    for (const [key, value] of series.flatMap((entries) => [...entries])) {
      if (value === undefined) model.delete(key);
      else model.set(key, value);
    }
    checkAgainst(model, store, `series ${seed}`);
  }
  checkAgainst(model, await reopen(), 'after it was opened again');
};

/** What holds for commits, and for what they have put. */
export const COMMIT_CASES: readonly (readonly [name: string, run: StoreRun])[] = [
  ['a new one is empty', isEmpty],
  ['what a commit put is read when it has resolved, and again after it was opened anew', readsWhatWasPut],
  ['a commit is not seen before it is durable', isUnseenBefore],
  ['a commit replaces and removes, also what does not exist', replacesAndRemoves],
  ['commits of the same moment apply in the order of the calls', appliesInOrder],
  ['a commit that resolves has all before it', hasAllBefore],
  ['an empty commit resolves', takesEmpty],
  ['what it refuses for its form has changed nothing, and the store goes on', refusesForms],
  ['a commit may be as large as it says', takesTheLargest],
  ['closing waits for the commits under way, and may be called twice', closesAfterCommits],
  ['any series of commits gives what a map gives', isLikeAMap],
];
