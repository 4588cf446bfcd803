import assert from 'node:assert/strict';
import { rejectsWith } from '../rejects-with.js';
import { all, batch, bytes, type StoreFixture } from './store-scene.js';

type ProviderRun = (fixture: StoreFixture) => Promise<void>;

const JOBS = ['job', 'Job', 'a/../b', '..', 'x'.repeat(300), `${'x'.repeat(300)}y`, 'Zähler 🙂', 'CON', 'a:b|c?'];

/** Names that one file system or another takes for the same, for a path, or not at all. */
const keepsApart: ProviderRun = async ({ stores, again }) => {
  for (const [index, name] of JOBS.entries()) {
    for (const partition of [0, 1]) {
      const store = await stores.open(name, partition);
      assert.deepEqual(all(store), []);
      await store.commit(batch(['who', bytes(index, partition)]));
    }
  }
  const reopened = await again();
  for (const [index, name] of JOBS.entries()) {
    for (const partition of [0, 1]) {
      const store = await reopened.open(name, partition);
      assert.deepEqual(store.get('who'), bytes(index, partition));
    }
  }
  await reopened.close();
};

/** Two runs over one store would each commit over the other. What is free again opens at once, with what it has. */
const opensOnce: ProviderRun = async ({ stores }) => {
  const first = await stores.open('job', 0);
  await rejectsWith('STORE_LOCKED', stores.open('job', 0));
  await stores.open('job', 1);
  await first.commit(batch(['a', bytes(1)]));
  await first.close();
  const second = await stores.open('job', 0);
  assert.deepEqual(second.get('a'), bytes(1));
  const [one, other] = await Promise.allSettled([stores.open('new', 0), stores.open('new', 0)]);
  assert.deepEqual([one.status, other.status], ['fulfilled', 'rejected']);
  await stores.close();
};

/** An engine closes the provider at its end, whatever still holds a store: commits under way come to their end. */
const closesItsStores: ProviderRun = async ({ stores }) => {
  const store = await stores.open('job', 0);
  const commit = store.commit(batch(['a', bytes(1)]));
  await Promise.all([stores.close(), stores.close()]);
  await commit;
  await rejectsWith('INVALID_STATE', store.commit(batch(['b', bytes(1)])));
  await rejectsWith('INVALID_STATE', stores.open('job', 0));
  await stores.close();
};

/** Before a file of theirs is made. */
const refusesNames: ProviderRun = async ({ stores }) => {
  await rejectsWith('INVALID_OPTIONS', stores.open('', 0));
  await rejectsWith('INVALID_OPTIONS', stores.open('\udfff', 0));
  for (const partition of [-1, 0.5, Number.NaN]) await rejectsWith('INVALID_OPTIONS', stores.open('job', partition));
  await stores.close();
};

/** Rule 6. The later owner has all that was durable before it came, and nothing of what the earlier one tries afterwards. */
const isFenced: ProviderRun = async (fixture) => {
  const earlier = await fixture.stores.open('job', 0);
  assert.equal(earlier.renew !== undefined, fixture.rival !== undefined, 'a store that can be taken over has `renew`');
  await earlier.commit(batch(['a', bytes(1)]));
  await earlier.renew?.();
  const rival = await fixture.rival?.();
  const later = await rival?.open('job', 0);
  if (later !== undefined) {
    assert.deepEqual(all(later), [['a', bytes(1)]]);
    await rejectsWith('STORE_FENCED', Promise.resolve(earlier.renew?.()));
    await rejectsWith('STORE_FENCED', earlier.commit(batch(['a', bytes(2)], ['b', bytes(2)])));
    await later.renew?.();
    await later.commit(batch(['c', bytes(3)]));
    assert.deepEqual(all(later), [
      ['a', bytes(1)],
      ['c', bytes(3)],
    ]);
  }
  await fixture.stores.close();
  await rival?.close();
};

/** What holds for the provider of stores. */
export const PROVIDER_CASES: readonly (readonly [name: string, run: ProviderRun])[] = [
  ['jobs and partitions have stores of their own', keepsApart],
  ['a partition is open once at a time', opensOnce],
  ['a provider that is closed has closed its stores and opens none', closesItsStores],
  ['names that are none are refused', refusesNames],
  ['who was taken over is fenced, and one who can be may ask', isFenced],
];
