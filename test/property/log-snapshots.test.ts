import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isWellFormed } from '../../src/internal/well-formed.js';
import { LogStores } from '../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../src/store/log/memory/memory-logs.js';
import { MemoryViews } from '../../src/store/log/memory/memory-views.js';
import type { Restored } from '../../src/store/log/opening/open-log-store.js';
import { decodeBatch } from '../../src/store/log/record/batch-codec.js';
import { decodeSnapshot, encodeSnapshot } from '../../src/store/log/snapshot/snapshot-codec.js';
import type { Store } from '../../src/store/store.js';
import { fc } from '../support/fast-check.js';
import { rejectsWith } from '../support/rejects-with.js';

const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(isWellFormed);
const records = fc
  .array(fc.tuple(key, fc.uint8Array({ maxLength: 60 })), { maxLength: 30 })
  .map((entries) => [...new Map(entries)].map(([name, value]) => ({ key: name, value })));

/** The bytes in pieces as they may come over a network. */
async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer, void> {
  let at = 0;
  for (let index = 0; at < bytes.byteLength; index += 1) {
    const end = at + Math.max(1, sizes[index % Math.max(1, sizes.length)] ?? 1_000);
    yield bytes.subarray(at, end);
    at = end;
  }
}

async function decoded(bytes: Buffer, sizes: readonly number[]): Promise<[string, string | undefined][]> {
  const all: [string, string | undefined][] = [];
  for await (const slice of decodeSnapshot(inPieces(bytes, sizes), 'snapshot')) {
    for (const [name, value] of decodeBatch(slice, 'snapshot'))
      all.push([name, value && Buffer.from(value).toString('hex')]);
  }
  return all;
}

describe('a snapshot', () => {
  it('comes back as it was, in whatever pieces', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 5 }), async (list, sizes) => {
        const bytes = Buffer.concat([...encodeSnapshot(list)]);
        const expected = list.map(({ key: name, value }) => [name, Buffer.from(value).toString('hex')]);
        assert.deepEqual(await decoded(bytes, sizes), expected);
      }),
    );
  });

  it('is STORE_CORRUPT when a bit of it is another, or when it is cut short', async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.nat(), fc.nat(7), fc.boolean(), async (list, place, bit, cut) => {
        const bytes = Buffer.concat([...encodeSnapshot(list)]);
        const at = place % bytes.byteLength;
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        await rejectsWith('STORE_CORRUPT', decoded(cut ? bytes.subarray(0, at) : bytes, [17]));
      }),
    );
  });
});

const KEYS = Array.from({ length: 12 }, (_, index) => `key-${index}`);
const commit = fc.array(
  fc.tuple(fc.constantFrom(...KEYS), fc.option(fc.uint8Array({ minLength: 20, maxLength: 200 }), { nil: undefined })),
  { minLength: 1, maxLength: 6 },
);

const contentOf = (store: Store): [string, string][] =>
  [...store.range('', '~')].map(({ key: name, value }) => [name, Buffer.from(value).toString('hex')]);

const modelOf = (history: readonly (readonly [string, Uint8Array | undefined][])[]): [string, string][] =>
  [...new Map(history.flat())]
    .flatMap(([name, value]): [string, string][] => (value ? [[name, Buffer.from(value).toString('hex')]] : []))
    .sort(([a], [b]) => (a < b ? -1 : 1));

describe('a store over a log that is trimmed', () => {
  it('is what its commits made it, from a snapshot, from its view, and after any number of owners (C4)', async () => {
    const from = new Set<Restored['from']>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.array(commit, { maxLength: 40 }), fc.boolean()), { minLength: 2, maxLength: 6 }),
        fc.constantFrom(0, 500, 5_000),
        async (owners, behindBytes) => {
          const logs = new MemoryLogs();
          let views = new MemoryViews();
          const history: [string, Uint8Array | undefined][][] = [];
          for (const [commits, loses] of owners) {
            if (loses) views = new MemoryViews();
            const onRestored = (_: unknown, restored: Restored) => from.add(restored.from);
            const sizes = { snapshotBytes: 2_000, behindBytes };
            const stores = new LogStores({ logs: new MemoryLogs(logs), views, ...sizes, onRestored });
            const store = await stores.open('job', 0);
            assert.deepEqual(contentOf(store), modelOf(history));
            for (const entries of commits) {
              const done = store.commit(new Map(entries));
              history.push([...new Map(entries)]);
              // some commits meet a snapshot that is being read
              if (history.length % 3 === 0) await new Promise(setImmediate);
              await done;
            }
            assert.deepEqual(contentOf(store), modelOf(history));
            await stores.close();
          }
        },
      ),
      { numRuns: 60 },
    );
    assert.deepEqual([...from].sort(), ['log', 'snapshot', 'view']);
  });
});
