import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeStored } from '../../../../src/engine/layout/values/stored-value.js';
import { BUNDLE_LIMITS, KeyedStates } from '../../../../src/engine/state/keyed-states.js';
import type { BundleLimits } from '../../../../src/engine/state/state-bundles.js';
import { StateCodecs, type StateKey } from '../../../../src/pipeline/index.js';
import type { Store, StoreBatch } from '../../../../src/store/index.js';
import { LIMIT } from '../../../support/limits.js';
import { StateStore } from '../../../support/store/state-store.js';

const LIMITS = { maxEntries: 500_000, maxBytes: 1e8 };
const STAGE = { name: 's', codec: StateCodecs.structuredClone(), timed: false };
const KEYS = Array.from({ length: 1000 }, (_, index) => `sensor-${index}`);
/** Above the number of bundles that there may be at once. */
const MANY_COMMITS = 80;

const NO_BUNDLES: BundleLimits = { fewest: 0, maxStates: 0, maxBytes: 0 };

/** One stage, whose reads and changes of the store are counted. */
class Stage {
  reads = 0;
  /** From the next start on. */
  bundles: BundleLimits;
  readonly rig: StateStore<KeyedStates>;

  constructor(bundles: BundleLimits, limits = LIMITS) {
    this.bundles = bundles;
    this.rig = new StateStore((overlay, store) => {
      this.#count(store);
      return new KeyedStates({ stages: [STAGE], overlay, store, limits, bundles: this.bundles });
    });
  }

  get state() {
    return this.rig.subject.stateOf(STAGE);
  }

  async removed(keys: readonly StateKey[]): Promise<StoreBatch> {
    for (const key of keys) this.state.remove(key);
    return this.commit();
  }

  change(keys: readonly StateKey[], by: (n: number) => number = (n) => n + 1): void {
    for (const key of keys) {
      const { n } = (this.state.get(key) as { n: number } | undefined) ?? { n: 0 };
      this.state.set(key, { n: by(n) });
    }
  }

  async commit(): Promise<StoreBatch> {
    const batch = this.rig.seal();
    await this.rig.commit();
    return batch;
  }

  async changed(keys: readonly StateKey[]): Promise<StoreBatch> {
    this.change(keys);
    return this.commit();
  }

  /** What the store has, as the next run reads it. */
  async stored(keys: readonly StateKey[]): Promise<unknown[]> {
    await this.rig.restart();
    return keys.map((key) => (this.state.get(key) as { n: number } | undefined)?.n);
  }

  get bundleKeys(): string[] {
    return this.rig.keys().filter((key) => key.startsWith('state/s/d'));
  }

  #count(store: Store): void {
    const get = store.get.bind(store);
    store.get = (key) => {
      this.reads += 1;
      return get(key);
    };
  }
}

const withStage = async (
  run: (stage: Stage) => Promise<void>,
  bundles = BUNDLE_LIMITS,
  limits = LIMITS,
): Promise<void> => {
  const stage = new Stage(bundles, limits);
  await stage.rig.start();
  try {
    await run(stage);
  } finally {
    await stage.rig.stop();
  }
};

test('a thousand keys that change in each commit are one record of it, and no read', LIMIT, () =>
  withStage(async (stage) => {
    const first = await stage.changed(KEYS);
    assert.equal(
      first.size,
      KEYS.length + 2,
      'nothing is known to be busy yet; besides, versions and the number of keys',
    );
    const second = await stage.changed(KEYS);
    assert.equal(second.size, 2, 'the bundle, and that there are any');
    stage.reads = 0;
    for (let commit = 0; commit < 10; commit += 1) assert.equal((await stage.changed(KEYS)).size, 1);
    assert.equal(stage.reads, 0);
    assert.deepEqual(
      await stage.stored(KEYS),
      KEYS.map(() => 12),
    );
  }),
);

test(
  'keys that come for the first time are not looked up where nothing was stored when the stage was opened',
  LIMIT,
  () =>
    withStage(async (stage) => {
      const more = Array.from({ length: 1000 }, (_, index) => `meter-${index}`);
      stage.reads = 0;
      for (let commit = 0; commit < 4; commit += 1) await stage.changed(KEYS);
      assert.equal(stage.reads, 0);
      await stage.rig.restart();
      stage.reads = 0;
      await stage.changed(more);
      assert.equal(stage.reads, more.length, 'other keys are there by now');
      assert.deepEqual(
        await stage.stored(KEYS),
        KEYS.map(() => 4),
      );
    }),
);

test('K4: a key whose state comes and goes is not looked up each time that it comes', LIMIT, () =>
  withStage(async (stage) => {
    await stage.changed(KEYS);
    await stage.rig.restart();
    await stage.changed(KEYS);
    stage.reads = 0;
    for (let round = 0; round < 3; round += 1) {
      await stage.removed(KEYS);
      await stage.changed(KEYS);
    }
    assert.equal(stage.reads, 0);
    assert.deepEqual(
      await stage.stored(KEYS),
      KEYS.map(() => 1),
    );
  }),
);

test('K3: a key that came and went before it was ever put is found when its bundle is given up', LIMIT, () => {
  const limits = { maxEntries: 40, maxBytes: 1e6 };
  return withStage(
    async (stage) => {
      const few = KEYS.slice(0, 8);
      stage.change(few);
      await stage.removed(few);
      await stage.changed(few);
      const [bundle = ''] = stage.bundleKeys;
      assert.notEqual(bundle, '');
      for (let commit = 0; commit < 3; commit += 1) await stage.changed(KEYS.slice(100, 200));
      assert.ok(!stage.bundleKeys.includes(bundle));
      assert.deepEqual(
        few.map((key) => stage.state.get(key)),
        few.map(() => ({ n: 1 })),
      );
    },
    { fewest: 2, maxStates: 10, maxBytes: 1e6 },
    limits,
  );
});

test(
  'however many commits there are, bundles are few, and what is left of an old one has a record of its own',
  LIMIT,
  () =>
    withStage(async (stage) => {
      const [calm, busy] = [KEYS.slice(0, 500), KEYS.slice(500)];
      await stage.changed(KEYS);
      await stage.changed(KEYS);
      let records = 0;
      for (let commit = 0; commit < MANY_COMMITS; commit += 1) {
        for (const key of (await stage.changed(busy)).keys()) if (!key.startsWith('state/s/d')) records += 1;
      }
      assert.equal(records, calm.length, 'a state that was bundled once is put once');
      assert.ok(stage.bundleKeys.length <= 64, `${stage.bundleKeys.length} bundles`);
      assert.deepEqual(await stage.stored([...calm, ...busy]), [...calm.map(() => 2), ...busy.map(() => 82)]);
    }),
);

test('the states in bundles are bounded by their number, and by their bytes', LIMIT, async () => {
  const limits = { fewest: 32, maxStates: 3_000, maxBytes: 1e6 };
  await withStage(async (stage) => {
    for (let commit = 0; commit < 10; commit += 1) await stage.changed(KEYS);
    assert.equal(stage.bundleKeys.length, 3);
  }, limits);
  await withStage(
    async (stage) => {
      for (let commit = 0; commit < 10; commit += 1) await stage.changed(KEYS);
      const bytes = stage.bundleKeys.reduce((sum, key) => sum + (stage.rig.store.get(key)?.byteLength ?? 0), 0);
      assert.ok(bytes > 25_000 && bytes <= 60_000, `${bytes} bytes`);
    },
    { ...limits, maxBytes: 60_000 },
  );
});

test('few keys, large states and keys that are stored by their digests have records of their own', LIMIT, () =>
  withStage(async (stage) => {
    const few = KEYS.slice(0, 31);
    const long = KEYS.map((key) => key.padEnd(2_000, 'x'));
    for (let commit = 0; commit < 3; commit += 1) {
      await stage.changed(few);
      await stage.changed(long);
      for (const key of KEYS) stage.state.set(key, { n: 7, text: 'x'.repeat(2000) });
      await stage.commit();
    }
    assert.deepEqual(stage.bundleKeys, []);
    assert.deepEqual(await stage.stored([...KEYS, ...long]), [...KEYS.map(() => 7), ...long.map(() => 3)]);
  }),
);

test('a busy key that is calm, grows or is forgotten is read as it is, and not as a bundle has it', LIMIT, () =>
  withStage(async (stage) => {
    for (let commit = 0; commit < 3; commit += 1) await stage.changed(KEYS);
    await stage.changed(KEYS.slice(0, 2));
    stage.state.set('sensor-2', { n: 5, text: 'x'.repeat(2000) });
    stage.state.remove('sensor-3');
    await stage.commit();
    assert.deepEqual(await stage.stored(KEYS.slice(0, 5)), [4, 4, 5, undefined, 3]);
    // and from the run that knew them only by their bundles
    await stage.changed(KEYS.slice(3, 5));
    assert.deepEqual(await stage.stored(KEYS.slice(0, 5)), [4, 4, 5, 1, 4]);
  }),
);

test('when all keys are forgotten nothing of them is left in the store', LIMIT, () =>
  withStage(async (stage) => {
    for (let commit = 0; commit < 3; commit += 1) await stage.changed(KEYS);
    assert.equal(stage.bundleKeys.length, 2);
    for (const key of KEYS) stage.state.remove(key);
    await stage.commit();
    assert.deepEqual(stage.rig.keys(), ['state/s']);
  }),
);

test('states that an earlier version has stored one by one are read, and bundled when they are busy', LIMIT, () =>
  withStage(async (stage) => {
    await stage.changed(KEYS);
    assert.deepEqual(stage.bundleKeys, []);
    stage.bundles = BUNDLE_LIMITS;
    await stage.rig.restart();
    await stage.changed(KEYS);
    assert.equal((await stage.changed(KEYS)).size, 2);
    // and one that makes none reads those of one that did
    stage.bundles = NO_BUNDLES;
    assert.deepEqual(
      await stage.stored(KEYS.slice(0, 9)),
      KEYS.slice(0, 9).map(() => 3),
    );
    await stage.changed(KEYS.slice(0, 5));
    assert.deepEqual(
      await stage.stored(KEYS.slice(0, 9)),
      KEYS.slice(0, 9).map((_, index) => (index < 5 ? 4 : 3)),
    );
  }, NO_BUNDLES),
);

test('a version that knows no bundles refuses a store that has some, and no other', LIMIT, () =>
  withStage(async (stage) => {
    const readByEarlier = (): unknown => decodeStored(stage.rig.store.get('state/s') ?? new Uint8Array());
    await stage.changed(KEYS);
    assert.deepEqual(readByEarlier(), [0]);
    stage.rig.unit(() => stage.change(KEYS), false);
    await stage.commit();
    assert.deepEqual(readByEarlier(), [0]);
    await stage.changed(KEYS);
    await stage.changed(KEYS);
    assert.equal(stage.bundleKeys.length, 1);
    assert.throws(readByEarlier, { code: 'STORE_CORRUPT' });
  }),
);

test('what a unit has put into a bundle that is undone is in no later one, and bundles have no gap', LIMIT, () =>
  withStage(async (stage) => {
    for (let commit = 0; commit < 3; commit += 1) await stage.changed(KEYS);
    const unit = (stays: boolean): void => {
      stage.rig.unit(() => stage.change(KEYS), stays);
    };
    unit(true);
    unit(false);
    unit(true);
    unit(false);
    await stage.commit();
    await stage.changed(KEYS);
    assert.deepEqual(
      await stage.stored(KEYS),
      KEYS.map(() => 6),
    );
  }),
);

test('a bundle that is missing, damaged or names a key that is none is STORE_CORRUPT at the start', LIMIT, async () => {
  const spoils: readonly ((keys: readonly string[], store: Store) => StoreBatch)[] = [
    ([first = '']) => new Map([[first, undefined]]),
    ([, second = '']) => new Map([[second, undefined]]),
    ([first = ''], store) => new Map([[first, (store.get(first) ?? new Uint8Array()).subarray(0, -1)]]),
    ([first = ''], store) => {
      const bytes = store.get(first) ?? new Uint8Array();
      // the first letter of the first key
      bytes[15] = 'x'.charCodeAt(0);
      return new Map([[first, bytes]]);
    },
  ];
  for (const spoil of spoils) {
    await withStage(async (stage) => {
      for (let commit = 0; commit < 4; commit += 1) await stage.changed(KEYS);
      await stage.rig.store.commit(spoil(stage.bundleKeys, stage.rig.store));
      await assert.rejects(stage.rig.restart(), { code: 'STORE_CORRUPT', message: /^the state of stage "s": / });
    });
  }
});
