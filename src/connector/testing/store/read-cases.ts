import assert from 'node:assert/strict';
import { batch, beforeAndAfter, bytes, keysOf, numbered, type StoreRun } from './store-scene.js';

/** By UTF-8, not by UTF-16: they differ above U+FFFF. A range over row numbers or names would leave records out. */
const ordersByBytes: StoreRun = async (store, reopen) => {
  const keys = ['\0', '\0\0', 'a', 'a\0', 'aa', 'b', 'ä', '\u{7ff}', '\u{ffff}', '\u{10000}', '\u{10fffe}', 'Z'];
  await store.commit(new Map(keys.map((key) => [key, Buffer.from(key)])));
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  await beforeAndAfter(store, reopen, (reader) => {
    assert.deepEqual(keysOf(reader), sorted);
    for (const key of keys) assert.deepEqual(reader.get(key), new Uint8Array(Buffer.from(key)));
  });
};

/** The ends need not be keys: an engine asks for all that begins with a prefix. */
const hasItsEnds: StoreRun = async (store) => {
  await store.commit(new Map(['a', 'b', 'b/1', 'b/2', 'c', 'd'].map((key) => [key, bytes(1)])));
  assert.deepEqual(keysOf(store, 'b', 'c'), ['b', 'b/1', 'b/2']);
  assert.deepEqual(keysOf(store, 'b/', 'b0'), ['b/1', 'b/2']);
  assert.deepEqual(keysOf(store, 'aa', 'b'), []);
  assert.deepEqual(keysOf(store, 'c', 'c'), []);
  assert.deepEqual(keysOf(store, 'd', 'a'), []);
  assert.deepEqual(keysOf(store, 'd', 'zz'), ['d']);
};

/** A backlog of any size is read in pieces, and a start reads the first record alone. The bound is far from the cost of reading all. */
const readsAsAsked: StoreRun = async (store) => {
  for (let start = 0; start < 20_000; start += 5_000) {
    const entries = Array.from({ length: 5_000 }, (_, index): [string, Uint8Array] => [
      numbered(start + index),
      bytes(1, 2, 3),
    ]);
    await store.commit(new Map(entries));
  }
  const wholeStarted = performance.now();
  const keys = keysOf(store, 'row/', 'row0');
  const wholeMs = performance.now() - wholeStarted;
  assert.deepEqual(
    keys,
    Array.from({ length: 20_000 }, (_, index) => numbered(index)),
  );
  const started = performance.now();
  for (let round = 0; round < 100; round += 1) {
    for (const { key } of store.range('row/', 'row0')) {
      assert.equal(key, numbered(0));
      break;
    }
  }
  assert.ok(performance.now() - started < 20 * wholeMs, 'a range reads all of its records at once');
};

/** Rows are offered while others are removed and stored. The one that is left in the middle must hold nothing up. */
const goesOnOverCommits: StoreRun = async (store) => {
  await store.commit(new Map(Array.from({ length: 1_000 }, (_, index) => [numbered(index), bytes(index % 256)])));
  const abandoned = store.range('row/', 'row0')[Symbol.iterator]();
  abandoned.next();
  let count = 0;
  for (const { key } of store.range('row/', 'row0')) {
    count += 1;
    if (count % 100 === 0) await store.commit(batch([key, undefined], [`other/${count}`, bytes(1)]));
  }
  assert.equal(count, 1_000);
  assert.equal(keysOf(store, 'row/', 'row0').length, 990);
};

/** Neither side copies for fear of the other: bytes are the caller's again, and the reader's for good. */
const givesValuesAway: StoreRun = async (store) => {
  const value = bytes(1, 2, 3);
  const done = store.commit(batch(['a', value], ['b', value]));
  value.fill(9);
  await done;
  const first = store.get('a');
  assert.deepEqual(first, bytes(1, 2, 3));
  const ranged = [...store.range('a', 'c')];
  await store.commit(batch(['a', bytes(7)], ['b', undefined]));
  store.get('a');
  assert.deepEqual(first, bytes(1, 2, 3));
  assert.deepEqual(
    ranged.map((record) => record.value),
    [bytes(1, 2, 3), bytes(1, 2, 3)],
  );
  ranged[0]?.value.fill(0);
  first?.fill(0);
  assert.deepEqual(store.get('a'), bytes(7));
};

const SIZES = [4_095, 40_000, 300_000, 5_000_000];

const patternOf = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, index) => (index * 7 + size) % 251);

/** What a store keeps in pages of its own, or hands out as a view of its memory, is written over by later commits. */
const keepsLargeValues: StoreRun = async (store, reopen) => {
  await store.commit(new Map(SIZES.map((size) => [`v/${size}`, patternOf(size)])));
  const reopened = await reopen();
  const read = SIZES.map((size) => reopened.get(`v/${size}`));
  const ranged = [...reopened.range('v/', 'v0')];
  for (let round = 0; round < 5; round += 1) {
    await reopened.commit(new Map(SIZES.map((size) => [`v/${size}`, new Uint8Array(size).fill(round)])));
  }
  for (const [index, size] of SIZES.entries()) {
    assert.ok(Buffer.compare(read[index] ?? bytes(), patternOf(size)) === 0, `${size} bytes`);
    const record = ranged.find(({ key }) => key === `v/${size}`);
    assert.ok(Buffer.compare(record?.value ?? bytes(), patternOf(size)) === 0, `${size} bytes in a range`);
  }
};

/** The records read ahead may still come; behind them it must throw, and not end as if it were whole. */
const endsRanges: StoreRun = async (store) => {
  await store.commit(new Map(Array.from({ length: 2_000 }, (_, index) => [numbered(index), bytes(1)])));
  const records = store.range('row/', 'row0')[Symbol.iterator]();
  records.next();
  await store.close();
  assert.throws(
    () => {
      while (records.next().done !== true);
    },
    { code: 'INVALID_STATE' },
  );
};

/** What holds for reading. */
export const READ_CASES: readonly (readonly [name: string, run: StoreRun])[] = [
  ['keys are ordered by their bytes', ordersByBytes],
  ['a range has its lower end and not its upper end', hasItsEnds],
  ['a range of many is whole, and the first of it cost little', readsAsAsked],
  ['a range may be left in the middle, and goes on over commits', goesOnOverCommits],
  ['values belong to their readers, and to the caller of a commit again once it is called', givesValuesAway],
  ['large values come back as they were, and do not change afterwards', keepsLargeValues],
  ['a range that is under way when the store is closed ends with an error', endsRanges],
];
