import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Store, StoreBatch, StoreProvider } from '../../src/store/index.js';
import { LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';

/** How to make a provider of stores, empty at first. Calling `again` closes it and gives one with the same content. */
export interface StoreHarness {
  start(): Promise<{ readonly stores: StoreProvider; again(): Promise<StoreProvider> }>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const batch = (...entries: [string, Uint8Array | undefined][]): StoreBatch => new Map(entries);
/** Above every key of these tests: theirs are shorter. */
const ABOVE_ALL = '\u{10ffff}'.repeat(9);
const all = (store: Store): [string, Uint8Array][] =>
  [...store.range('', ABOVE_ALL)].map(({ key, value }): [string, Uint8Array] => [key, value]);
const keysOf = (store: Store, from = '', to = ABOVE_ALL): string[] => [...store.range(from, to)].map(({ key }) => key);
const numbered = (number: number): string => `row/${String(number).padStart(8, '0')}`;

/** What holds for a store must hold for what it left behind. */
const beforeAndAfter = async (
  store: Store,
  reopen: () => Promise<Store>,
  check: (reader: Store) => void,
): Promise<void> => {
  check(store);
  check(await reopen());
};

/** Every scenario that every store must pass. */
export const storeContract = (name: string, harness: StoreHarness): void => {
  const withStore = async (body: (store: Store, reopen: () => Promise<Store>) => Promise<void>): Promise<void> => {
    const { stores, again } = await harness.start();
    let provider = stores;
    const reopen = async (): Promise<Store> => {
      provider = await again();
      return provider.open('a job', 0);
    };
    try {
      await body(await provider.open('a job', 0), reopen);
    } finally {
      await provider.close();
    }
  };
  const scenario = (title: string, body: (store: Store, reopen: () => Promise<Store>) => Promise<void>): void => {
    test(title, LIMIT, () => withStore(body));
  };

  describe(`the contract of a store: ${name}`, () => {
    scenario('a new one is empty', async (store) => {
      assert.equal(store.get('a'), undefined);
      assert.deepEqual(all(store), []);
    });

    scenario(
      'what a commit put is read when it has resolved, and again after it was opened anew',
      async (store, reopen) => {
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
      },
    );

    scenario('a commit is not seen before it is durable', async (store) => {
      const done = store.commit(batch(['a', bytes(1)]));
      assert.equal(store.get('a'), undefined);
      assert.deepEqual(keysOf(store), []);
      await done;
      assert.deepEqual(keysOf(store), ['a']);
    });

    scenario('a commit replaces and removes, also what does not exist', async (store, reopen) => {
      await store.commit(batch(['a', bytes(1)], ['b', bytes(2)], ['c', bytes(3)]));
      await store.commit(batch(['a', bytes(9, 9)], ['b', undefined], ['x', undefined]));
      await beforeAndAfter(store, reopen, (reader) => {
        assert.deepEqual(all(reader), [
          ['a', bytes(9, 9)],
          ['c', bytes(3)],
        ]);
      });
    });

    scenario('commits of the same moment apply in the order of the calls', async (store, reopen) => {
      const commits = Array.from({ length: 50 }, (_, index) =>
        store.commit(batch(['last', bytes(index)], [numbered(index), bytes(index)], [numbered(index - 1), undefined])),
      );
      await Promise.all(commits);
      await beforeAndAfter(store, reopen, (reader) => {
        assert.deepEqual(reader.get('last'), bytes(49));
        assert.deepEqual(keysOf(reader), ['last', numbered(49)]);
      });
    });

    scenario('a commit that resolves has all before it', async (store) => {
      const seen: number[] = [];
      const commits = Array.from({ length: 200 }, async (_, index) => {
        if (index % 10 === 0) await new Promise(setImmediate);
        await store.commit(batch([numbered(index), bytes(1)]));
        assert.ok(store.get(numbered(index)) !== undefined);
        seen.push(index);
      });
      await Promise.all(commits);
      assert.equal(seen.length, 200);
      assert.equal(keysOf(store).length, 200);
    });

    scenario('an empty commit resolves', async (store) => {
      await store.commit(batch());
      assert.deepEqual(all(store), []);
    });

    scenario('keys are ordered by their bytes', async (store, reopen) => {
      const keys = ['\0', '\0\0', 'a', 'a\0', 'aa', 'b', 'ä', '\u{7ff}', '\u{ffff}', '\u{10000}', '\u{10fffe}', 'Z'];
      await store.commit(new Map(keys.map((key) => [key, Buffer.from(key)])));
      const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      await beforeAndAfter(store, reopen, (reader) => {
        assert.deepEqual(keysOf(reader), sorted);
        for (const key of keys) assert.deepEqual(reader.get(key), new Uint8Array(Buffer.from(key)));
      });
    });

    scenario('a range has its lower end and not its upper end', async (store) => {
      await store.commit(new Map(['a', 'b', 'b/1', 'b/2', 'c', 'd'].map((key) => [key, bytes(1)])));
      assert.deepEqual(keysOf(store, 'b', 'c'), ['b', 'b/1', 'b/2']);
      assert.deepEqual(keysOf(store, 'b/', 'b0'), ['b/1', 'b/2']);
      assert.deepEqual(keysOf(store, 'aa', 'b'), []);
      assert.deepEqual(keysOf(store, 'c', 'c'), []);
      assert.deepEqual(keysOf(store, 'd', 'a'), []);
      assert.deepEqual(keysOf(store, 'd', 'zz'), ['d']);
    });

    scenario('a range of many is whole, and the first of it cost little', async (store) => {
      for (let start = 0; start < 20_000; start += 5_000) {
        await store.commit(
          new Map(Array.from({ length: 5_000 }, (_, index) => [numbered(start + index), bytes(1, 2, 3)])),
        );
      }
      const wholeStarted = performance.now();
      const keys = keysOf(store, 'row/', 'row0');
      const wholeMs = performance.now() - wholeStarted;
      assert.equal(keys.length, 20_000);
      assert.deepEqual(
        keys,
        keys.map((_, index) => numbered(index)),
      );
      const started = performance.now();
      for (let round = 0; round < 100; round++) {
        for (const { key } of store.range('row/', 'row0')) {
          assert.equal(key, numbered(0));
          break;
        }
      }
      assert.ok(performance.now() - started < 20 * wholeMs, 'a range reads all of its records at once');
    });

    scenario('a range may be left in the middle, and goes on over commits', async (store) => {
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
    });

    scenario('values belong to their readers, and to the caller of a commit again once it is called', async (store) => {
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
    });

    scenario('large values come back as they were, and do not change afterwards', async (store, reopen) => {
      const sizes = [4_095, 40_000, 300_000, 5_000_000];
      const value = (size: number): Uint8Array =>
        Uint8Array.from({ length: size }, (_, index) => (index * 7 + size) % 251);
      await store.commit(new Map(sizes.map((size) => [`v/${size}`, value(size)])));
      const reopened = await reopen();
      const read = sizes.map((size) => reopened.get(`v/${size}`));
      const ranged = [...reopened.range('v/', 'v0')];
      for (let round = 0; round < 5; round++) {
        await reopened.commit(new Map(sizes.map((size) => [`v/${size}`, new Uint8Array(size).fill(round)])));
      }
      for (const [index, size] of sizes.entries()) {
        assert.ok(Buffer.compare(read[index] ?? bytes(), value(size)) === 0, `${size} bytes`);
        const record = ranged.find(({ key }) => key === `v/${size}`);
        assert.ok(Buffer.compare(record?.value ?? bytes(), value(size)) === 0, `${size} bytes in a range`);
      }
    });

    scenario('what it refuses for its form has changed nothing, and the store goes on', async (store) => {
      await store.commit(batch(['a', bytes(1)]));
      const longest = 'é'.repeat(750);
      const refused: [string, Uint8Array][] = [
        ['', bytes(1)],
        ['x'.repeat(1_501), bytes(1)],
        [`${longest}x`, bytes(1)],
        ['\ud800', bytes(1)],
        ['big', new Uint8Array(store.maxCommitBytes)],
      ];
      for (const entry of refused) await rejectsWith('INVALID_OPTIONS', store.commit(batch(['b', bytes(2)], entry)));
      assert.deepEqual(keysOf(store), ['a']);
      await store.commit(batch([longest, bytes(3)]));
      assert.deepEqual(keysOf(store), ['a', longest]);
    });

    scenario('a commit may be as large as it says', async (store, reopen) => {
      const value = new Uint8Array(store.maxCommitBytes - 1).fill(5);
      await store.commit(batch(['k', value]));
      assert.equal((await reopen()).get('k')?.byteLength, value.byteLength);
    });

    scenario('closing waits for the commits under way, and may be called twice', async (store, reopen) => {
      const commits = Array.from({ length: 20 }, (_, index) => store.commit(batch([numbered(index), bytes(index)])));
      let settled = 0;
      for (const commit of commits) void commit.then(() => (settled += 1));
      const closing = store.close();
      await rejectsWith('INVALID_STATE', store.commit(batch(['late', bytes(1)])));
      await Promise.all([closing, store.close()]);
      assert.equal(settled, 20);
      await store.close();
      assert.throws(() => store.get('a'), { code: 'INVALID_STATE' });
      assert.throws(() => [...store.range('a', 'b')], { code: 'INVALID_STATE' });
      assert.equal(keysOf(await reopen()).length, 20);
    });

    scenario('a range that is under way when the store is closed ends with an error', async (store) => {
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
    });

    test('jobs and partitions have stores of their own', LIMIT, async () => {
      const { stores, again } = await harness.start();
      const names = [
        'job',
        'Job',
        'a/../b',
        '..',
        'x'.repeat(300),
        `${'x'.repeat(300)}y`,
        'Zähler 🙂',
        'CON',
        'a:b|c?',
      ];
      for (const [index, name] of names.entries()) {
        for (const partition of [0, 1]) {
          const store = await stores.open(name, partition);
          assert.deepEqual(all(store), []);
          await store.commit(batch(['who', bytes(index, partition)]));
        }
      }
      const reopened = await again();
      for (const [index, name] of names.entries()) {
        for (const partition of [0, 1]) {
          const store = await reopened.open(name, partition);
          assert.deepEqual(store.get('who'), bytes(index, partition));
        }
      }
      await reopened.close();
    });

    test('a partition is open once at a time', LIMIT, async () => {
      const { stores } = await harness.start();
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
    });

    test('a provider that is closed has closed its stores and opens none', LIMIT, async () => {
      const { stores } = await harness.start();
      const store = await stores.open('job', 0);
      const commit = store.commit(batch(['a', bytes(1)]));
      await Promise.all([stores.close(), stores.close()]);
      await commit;
      await rejectsWith('INVALID_STATE', store.commit(batch(['b', bytes(1)])));
      await rejectsWith('INVALID_STATE', stores.open('job', 0));
      await stores.close();
    });

    test('names that are none are refused', LIMIT, async () => {
      const { stores } = await harness.start();
      await rejectsWith('INVALID_OPTIONS', stores.open('', 0));
      await rejectsWith('INVALID_OPTIONS', stores.open('\udfff', 0));
      for (const partition of [-1, 0.5, Number.NaN])
        await rejectsWith('INVALID_OPTIONS', stores.open('job', partition));
      await stores.close();
    });

    scenario('any series of commits gives what a map gives', async (store, reopen) => {
      const key = fc.oneof(
        fc.constantFrom('a', 'b', '\u{10ffff}z', 'c', 'row/1', 'row/2'),
        fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }),
      );
      const value = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined });
      const commits = fc.array(fc.array(fc.tuple(key, value), { maxLength: 8 }), { maxLength: 6 });
      const model = new Map<string, Uint8Array>();
      const check = (reader: Store): void => {
        const expected = [...model].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        assert.deepEqual(all(reader), expected);
        for (const [name, content] of expected) assert.deepEqual(reader.get(name), content);
      };
      await fc.assert(
        fc.asyncProperty(commits, async (series) => {
          await Promise.all(series.map((entries) => store.commit(new Map(entries))));
          for (const [name, content] of series.flatMap((entries) => [...new Map(entries)])) {
            if (content === undefined) model.delete(name);
            else model.set(name, content);
          }
          check(store);
        }),
        { numRuns: 30 },
      );
      check(await reopen());
    });
  });
};
