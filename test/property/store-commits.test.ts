import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LmdbStores, MemoryStores, type Store, type StoreProvider } from '../../src/store/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';

const key = fc.oneof(
  fc.constantFrom('a', 'b', '\u{10ffff}z', 'c', 'row/1', 'row/2'),
  fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }),
);
const value = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined });
const commits = fc.array(fc.array(fc.tuple(key, value), { maxLength: 8 }), { maxLength: 6 });
/** Above every key of this test: theirs are shorter. */
const ABOVE_ALL = '\u{10ffff}'.repeat(9);

const check = (model: ReadonlyMap<string, Uint8Array>, store: Store): void => {
  const expected = [...model].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  assert.deepEqual(
    [...store.range('', ABOVE_ALL)].map((record) => [record.key, record.value]),
    expected,
  );
  for (const [name, content] of expected) assert.deepEqual(store.get(name), content);
};

/** What any keys and values come to, beside the keys that the contract has. */
const isLikeAMap = async (stores: StoreProvider, again: () => Promise<StoreProvider>): Promise<void> => {
  const store = await stores.open('a job', 0);
  const model = new Map<string, Uint8Array>();
  await fc.assert(
    fc.asyncProperty(commits, async (series) => {
      await Promise.all(series.map((entries) => store.commit(new Map(entries))));
      for (const [name, content] of series.flatMap((entries) => [...new Map(entries)])) {
        if (content === undefined) model.delete(name);
        else model.set(name, content);
      }
      check(model, store);
    }),
    { numRuns: 30 },
  );
  const reopened = await again();
  check(model, await reopened.open('a job', 0));
  await reopened.close();
};

test('any series of commits to a memory store gives what a map gives', LIMIT, async () => {
  const stores = new MemoryStores();
  await isLikeAMap(stores, async () => {
    await stores.close();
    return new MemoryStores(stores);
  });
});

test('any series of commits to an LMDB store gives what a map gives', LIMIT, async () => {
  const dir = tempDir('store');
  const stores = await LmdbStores.open(dir);
  await isLikeAMap(stores, async () => {
    await stores.close();
    return LmdbStores.open(dir);
  });
});
