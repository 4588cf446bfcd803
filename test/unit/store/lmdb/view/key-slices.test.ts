import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BodyChange } from '../../../../../src/store/lmdb/records/lmdb-records.js';
import { keySlices } from '../../../../../src/store/lmdb/view/key-slices.js';
import { encodeBatch } from '../../../../../src/store/log/record/batch-codec.js';
import type { StoreBatch } from '../../../../../src/store/store.js';

const bodiesOf = (batches: readonly StoreBatch[]): Buffer[] => batches.map((batch) => encodeBatch(batch).body);
const keyOf = ({ body, keyAt, valueAt }: BodyChange): Buffer => body.subarray(keyAt, valueAt);
const textOf = ({ body, valueAt, end, isRemoved }: BodyChange): string | undefined =>
  isRemoved ? undefined : body.toString('utf8', valueAt, end);

/** Single commits of all keys, in an order that has nothing to do with theirs. */
const scattered = (keys: number): StoreBatch[] =>
  Array.from({ length: keys }, (_, index) => {
    const number = (index * 7_919) % keys;
    return new Map([[`stage/${number}`, Buffer.from(`${number}`)]]);
  });

describe('keySlices', () => {
  it('has each key in one slice, slices in the order of keys, and none much larger than another', async () => {
    const slices = await keySlices(bodiesOf(scattered(40_000)), 'view');
    assert.equal(slices.length, 10);
    let last: Buffer = Buffer.alloc(0);
    for (const slice of slices) {
      assert.ok(slice.length > 2_000 && slice.length < 8_000, `${slice.length} changes`);
      const keys = slice.map(keyOf).sort(Buffer.compare);
      assert.ok(keys.every((key, index) => Buffer.compare(index === 0 ? last : (keys[index - 1] ?? key), key) < 0));
      last = keys.at(-1) ?? last;
    }
    assert.equal(slices.flat().length, 40_000);
  });

  it('has the last change of a key alone, whether that is a value or that there is none', async () => {
    const commits = Array.from(
      { length: 30_000 },
      (_, index) => new Map([[`hot-${index % 3}`, Buffer.from(`${index}`)]]),
    );
    const slices = await keySlices(bodiesOf([...commits, new Map([['hot-1', undefined]])]), 'view');
    const changes = slices.flat().map((change) => [keyOf(change).toString(), textOf(change)]);
    assert.deepEqual(changes.sort(), [['hot-0', '29997'], ['hot-1', undefined], ['hot-2', '29999']]); // biome-ignore format: as it is read
  });

  it('is one slice where there is little or nothing', async () => {
    assert.deepEqual(await keySlices([], 'view'), [[]]);
    assert.equal((await keySlices(bodiesOf(scattered(100)), 'view')).length, 1);
  });
});
