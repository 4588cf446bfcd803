import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BlobLimits, blobCases } from '../../../../src/connector/testing/index.js';
import { MemoryBlobs } from '../../../../src/store/log/memory/memory-blobs.js';
import type { SnapshotBlobs } from '../../../../src/store/log/snapshot-blobs.js';
import { type Broken, breaking } from '../../../support/ends/broken-ends.js';
import { SUITE_LIMIT } from '../../../support/limits.js';

type BlobBreach = (blobs: MemoryBlobs) => Broken<SnapshotBlobs>;

const bound = (blobs: MemoryBlobs): SnapshotBlobs => ({
  put: (name, slices) => blobs.put(name, slices),
  get: (name) => blobs.get(name),
  remove: (name) => blobs.remove(name),
  list: () => blobs.list(),
});

const casesWith = (breach: BlobBreach, limits: BlobLimits = {}) =>
  blobCases({
    patienceMs: 5_000,
    start: async () => {
      const memory = new MemoryBlobs();
      const blobs = breaking(bound(memory), breach(memory));
      return { blobs, again: async () => blobs, damage: async () => {}, cut: async () => {}, stop: () => {} };
    },
    limits,
  });

async function* one(slice: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield slice;
}

/** What came is kept, whatever came of it. */
const keepsPieces: BlobBreach = (blobs) => ({
  put: async (name: string, slices: AsyncIterable<Uint8Array>) => {
    const pieces: Uint8Array[] = [];
    for await (const slice of slices) {
      pieces.push(slice);
      await blobs.put(name, one(Buffer.concat(pieces)));
    }
  },
});

const BREACHES: readonly [what: string, name: string, breach: BlobBreach, message: RegExp][] = [
  ['a half one is kept', 'a blob whose making fails is not there, and may be put again', keepsPieces, /deep-equal/],
  ['a half one is seen', 'a blob is not seen before it is complete', keepsPieces, /deep-equal/],
  [
    'one that is not there is empty',
    'a new place has no blob, and one that is not there is STORE_CORRUPT',
    () => ({ get: () => one(new Uint8Array()) }),
    /Missing expected rejection/,
  ],
  [
    'an error of the state becomes another',
    'a blob whose making fails is not there, and may be put again',
    (blobs) => ({
      put: (name: string, slices: AsyncIterable<Uint8Array>) =>
        blobs.put(name, slices).catch(() => Promise.reject(new Error('no'))),
    }),
    /did not match/,
  ],
  [
    'removing does nothing',
    'those that are there are listed, until they are removed',
    () => ({ remove: () => Promise.resolve() }),
    /deep-equal/,
  ],
  ['damage is not seen', 'a blob that was changed is STORE_CORRUPT', () => ({}), /Missing expected rejection/],
  ['a cut is not seen', 'a blob that was cut short is STORE_CORRUPT', () => ({}), /Missing expected rejection/],
];

describe('the cases of a place for snapshots', SUITE_LIMIT, () => {
  it('have names of their own, and a limit rules out what it says', () => {
    const cases = casesWith(() => ({}), { damage: 'out of reach' });
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    assert.deepEqual(new Set(cases.map(({ skip }) => skip)), new Set([undefined, 'out of reach']));
  });

  for (const [what, name, breach, message] of BREACHES) {
    it(`fail where ${what}: ${name}`, async () => {
      const found = casesWith(breach).find((each) => each.name === name);
      assert.ok(found !== undefined, `there is no case "${name}"`);
      await assert.rejects(found.run, message);
    });
  }
});
