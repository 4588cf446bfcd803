import assert from 'node:assert/strict';
import type { SnapshotBlobs } from '../../../store/log/snapshot-blobs.js';
import type { ContractCase } from '../contract-case.js';
import { rejectsWith } from '../rejects-with.js';
import { boundedCase, DEFAULT_PATIENCE_MS } from '../until.js';
import type { BlobFixture, BlobHarness, BlobLimits } from './blob-scene.js';

type BlobRun = (fixture: BlobFixture) => Promise<void>;

const NAME = '0.7.12345';

const sliceOf = (index: number, size: number): Uint8Array => Buffer.alloc(size, `${index} of ${size} `);

async function* slicesOf(...sizes: number[]): AsyncGenerator<Uint8Array, void> {
  for (const [index, size] of sizes.entries()) yield sliceOf(index, size);
}

const wholeOf = (...sizes: number[]): Buffer => Buffer.concat(sizes.map((size, index) => sliceOf(index, size)));

const read = async (blobs: SnapshotBlobs, name: string): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of blobs.get(name)) pieces.push(piece);
  return Buffer.concat(pieces);
};

const namesOf = async (blobs: SnapshotBlobs): Promise<string[]> => [...(await blobs.list())].sort();

const isEmpty: BlobRun = async ({ blobs }) => {
  assert.deepEqual(await blobs.list(), []);
  await rejectsWith('STORE_CORRUPT', read(blobs, NAME));
};

/** Sizes around those at which a place splits: none at all, empty slices, many small ones, one large one. */
const SERIES: readonly (readonly number[])[] = [
  [],
  [0],
  [1],
  [0, 5, 0, 7, 0],
  new Array<number>(3_000).fill(97),
  [131_071, 131_072, 131_073],
  [1_048_576, 1_048_575, 1],
  [5_000_000],
];

const keepsThem: BlobRun = async ({ blobs, again }) => {
  for (const [index, sizes] of SERIES.entries()) await blobs.put(`0.1.${index}`, slicesOf(...sizes));
  for (const reader of [blobs, await again()]) {
    for (const [index, sizes] of SERIES.entries()) {
      const found = await read(reader, `0.1.${index}`);
      assert.ok(found.equals(wholeOf(...sizes)), `series ${index}: ${found.byteLength} bytes`);
    }
  }
};

const listsThem: BlobRun = async ({ blobs, again }) => {
  await blobs.put('0.1.5', slicesOf(10));
  await blobs.put('0.2.9', slicesOf(10));
  assert.deepEqual(await namesOf(blobs), ['0.1.5', '0.2.9']);
  await blobs.remove('0.1.5');
  await blobs.remove('0.1.5');
  assert.deepEqual(await namesOf(blobs), ['0.2.9']);
  assert.deepEqual(await namesOf(await again()), ['0.2.9']);
  await rejectsWith('STORE_CORRUPT', read(blobs, '0.1.5'));
  assert.ok((await read(blobs, '0.2.9')).equals(wholeOf(10)));
};

/** What the state gives is its maker's, an error too: it comes through as it is. */
const failsWhole: BlobRun = async ({ blobs, again }) => {
  async function* failing(size: number): AsyncGenerator<Uint8Array, void> {
    yield sliceOf(0, size);
    throw new Error('the state cannot be read');
  }
  await blobs.put('0.1.1', slicesOf(20));
  for (const size of [0, 10, 400_000]) await assert.rejects(blobs.put(NAME, failing(size)), /the state cannot be read/);
  for (const reader of [blobs, await again()]) {
    assert.deepEqual(await namesOf(reader), ['0.1.1']);
    await rejectsWith('STORE_CORRUPT', read(reader, NAME));
  }
  await blobs.put(NAME, slicesOf(30, 40));
  assert.ok((await read(blobs, NAME)).equals(wholeOf(30, 40)));
};

/** A reader that believed what is half written would restore half a state. */
const isUnseenBefore: BlobRun = async ({ blobs }) => {
  async function* looking(): AsyncGenerator<Uint8Array, void> {
    for (let slice = 0; slice < 3; slice += 1) {
      yield sliceOf(slice, 300_000);
      assert.deepEqual(await namesOf(blobs), []);
      await rejectsWith('STORE_CORRUPT', read(blobs, NAME));
    }
  }
  await blobs.put(NAME, looking());
  assert.deepEqual(await namesOf(blobs), [NAME]);
};

const mayBeLeft: BlobRun = async ({ blobs }) => {
  await blobs.put(NAME, slicesOf(1_000_000, 1_000_000, 1_000_000));
  for await (const piece of blobs.get(NAME)) {
    assert.ok(piece.byteLength > 0);
    break;
  }
  assert.ok((await read(blobs, NAME)).equals(wholeOf(1_000_000, 1_000_000, 1_000_000)));
  await blobs.remove(NAME);
};

const SIZES = [2_000_000, 100];

const tellsDamage: BlobRun = async ({ blobs, damage, again }) => {
  await blobs.put(NAME, slicesOf(...SIZES));
  assert.ok(damage !== undefined, 'the fixture has `damage`, or the limit `damage`');
  await damage(NAME);
  await rejectsWith('STORE_CORRUPT', read(await again(), NAME));
};

const tellsCuts: BlobRun = async ({ blobs, cut, again }) => {
  await blobs.put(NAME, slicesOf(...SIZES));
  assert.ok(cut !== undefined, 'the fixture has `cut`, or the limit `damage`');
  await cut(NAME);
  await rejectsWith('STORE_CORRUPT', read(await again(), NAME));
};

const CASES: readonly (readonly [name: string, run: BlobRun, limit?: keyof BlobLimits])[] = [
  ['a new place has no blob, and one that is not there is STORE_CORRUPT', isEmpty],
  ['what is put is got, in any sizes, and again after it was opened anew', keepsThem],
  ['those that are there are listed, until they are removed', listsThem],
  ['a blob whose making fails is not there, and may be put again', failsWhole],
  ['a blob is not seen before it is complete', isUnseenBefore],
  ['a blob may be left in the middle', mayBeLeft],
  ['a blob that was changed is STORE_CORRUPT', tellsDamage, 'damage'],
  ['a blob that was cut short is STORE_CORRUPT', tellsCuts, 'damage'],
];

/** Every case that every place for snapshots must pass: the rules of `SnapshotBlobs`. */
export const blobCases = (harness: BlobHarness): readonly ContractCase[] => {
  const { start, limits, patienceMs = DEFAULT_PATIENCE_MS } = harness;
  const run = async (one: BlobRun): Promise<void> => {
    const fixture = await start();
    try {
      await one(fixture);
    } finally {
      await fixture.stop();
    }
  };
  return CASES.map(([name, one, limit]) => ({
    name,
    skip: limit === undefined ? undefined : limits[limit],
    run: () => boundedCase(patienceMs, () => run(one)),
  }));
};
