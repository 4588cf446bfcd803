import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../../src/errors/index.js';
import { LogStores, type LogStoresOptions } from '../../../../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../../../../src/store/log/memory/memory-logs.js';
import { MemoryViews } from '../../../../../src/store/log/memory/memory-views.js';
import type { PartitionLogs } from '../../../../../src/store/log/partition-log.js';
import type { SnapshotBlobs } from '../../../../../src/store/log/snapshot-blobs.js';
import { deferred } from '../../../../support/deferred.js';
import { rejectsWith } from '../../../../support/rejects-with.js';
import { until } from '../../../../support/until.js';

const SNAPSHOT_BYTES = 1_000;
const value = new Uint8Array(600).fill(7);

/** Logs whose blobs are looked at on their way. */
const withBlobs = (logs: MemoryLogs, around: (blobs: SnapshotBlobs) => Partial<SnapshotBlobs>): PartitionLogs => ({
  location: logs.location,
  open: (job, partition) => logs.open(job, partition),
  blobs: async (job, partition) => {
    const blobs = await logs.blobs(job, partition);
    const bound: SnapshotBlobs = {
      put: (name, slices) => blobs.put(name, slices),
      get: (name) => blobs.get(name),
      remove: (name) => blobs.remove(name),
      list: () => blobs.list(),
    };
    return { ...bound, ...around(bound) };
  },
  close: () => logs.close(),
});

/** Logs whose snapshots are put when they are let. */
const holdingPut = (logs: MemoryLogs) => {
  const [putting, goOn, put] = [deferred(), deferred(), deferred()];
  const held = withBlobs(new MemoryLogs(logs), (blobs) => ({
    put: async (name, slices) => {
      putting.resolve();
      await goOn.promise;
      await blobs.put(name, slices);
      put.resolve();
    },
  }));
  return { held, putting, goOn, put };
};

const open = (logs: PartitionLogs, options: Partial<LogStoresOptions> = {}) =>
  new LogStores({ logs, views: new MemoryViews(), snapshotBytes: SNAPSHOT_BYTES, ...options }).open('job', 0);

const firstSeq = async (logs: MemoryLogs): Promise<number> => {
  const log = await new MemoryLogs(logs).open('job', 0);
  const last = (await log.last())?.seq ?? 0;
  for (let after = 0; after < last; after += 1) {
    try {
      for await (const { seq } of log.read(after, last)) return seq;
    } catch {
      // trimmed
    }
  }
  return last + 1;
};

const blobsOf = async (logs: MemoryLogs): Promise<readonly string[]> => (await logs.blobs('job', 0)).list();

describe('Snapshotter', () => {
  it('trims the log behind a snapshot and removes the one before', async () => {
    const logs = new MemoryLogs();
    const store = await open(new MemoryLogs(logs));
    await store.commit(new Map([['a', value]]));
    assert.equal(await firstSeq(logs), 1);
    for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) await store.commit(new Map([[name, value]]));
    await until(async () => (await firstSeq(logs)) > 1);
    const [first] = await blobsOf(logs);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await store.commit(new Map([[name, value]]));
    await until(async () => (await blobsOf(logs)).length === 1 && !(await blobsOf(logs)).includes(first ?? ''));
    await store.close();
    const next = await open(new MemoryLogs(logs));
    assert.equal([...next.range('', '~')].length, 8);
  });

  it('removes no blob before a record names its own, and trims nothing either', async () => {
    const logs = new MemoryLogs();
    const putting = deferred();
    const goOn = deferred();
    const held = withBlobs(new MemoryLogs(logs), (blobs) => ({
      put: async (name, slices) => {
        putting.resolve();
        await goOn.promise;
        await blobs.put(name, slices);
      },
    }));
    const store = await open(held);
    await store.commit(new Map([['a', value]]));
    await store.commit(new Map([['b', value]]));
    await putting.promise;
    await store.commit(new Map([['c', value]]));
    assert.equal(await firstSeq(logs), 1);
    goOn.resolve();
    await until(async () => (await firstSeq(logs)) > 1);
  });

  it('of a former owner removes nothing of the next one, however late it comes (a blob counts by its record)', async () => {
    const logs = new MemoryLogs();
    const { held, putting, goOn, put } = holdingPut(logs);
    const former = await open(held);
    await former.commit(new Map([['a', value]]));
    await former.commit(new Map([['b', value]]));
    await putting.promise;
    const next = await open(new MemoryLogs(logs));
    for (const name of ['c', 'd', 'e']) await next.commit(new Map([[name, value]]));
    await until(async () => (await firstSeq(logs)) > 1);
    const [mine] = await blobsOf(logs);
    const first = await firstSeq(logs);
    goOn.resolve();
    await put.promise;
    await rejectsWith('STORE_FENCED', former.commit(new Map([['late', value]])));
    await former.close();
    assert.ok((await blobsOf(logs)).includes(mine ?? ''));
    assert.equal(await firstSeq(logs), first);
    await next.close();
    const last = await open(new MemoryLogs(logs));
    assert.deepEqual(
      [...last.range('', '~')].map(({ key }) => key),
      ['a', 'b', 'c', 'd', 'e'],
    );
  });

  it('trims nothing when its record is refused', async () => {
    const logs = new MemoryLogs();
    const { held, putting, goOn, put } = holdingPut(logs);
    const former = await open(held);
    await former.commit(new Map([['a', value]]));
    await former.commit(new Map([['b', value]]));
    await putting.promise;
    const next = await open(new MemoryLogs(logs), { snapshotBytes: 1_000_000 });
    goOn.resolve();
    await put.promise;
    await former.close();
    assert.equal(await firstSeq(logs), 1);
    await next.close();
    assert.equal([...(await open(new MemoryLogs(logs))).range('', '~')].length, 2);
  });

  it('tells a snapshot that fails, goes on, and tries again when the log has grown as much', async () => {
    const logs = new MemoryLogs();
    let full = true;
    const failing = withBlobs(new MemoryLogs(logs), (blobs) => ({
      put: (name, slices) => {
        if (full) return Promise.reject(new MillraceError('STORE_FULL', 'no room'));
        return blobs.put(name, slices);
      },
    }));
    const told: string[] = [];
    const store = await open(failing, { onSnapshotFailed: (_, { code }) => void told.push(code) });
    for (const name of ['a', 'b']) await store.commit(new Map([[name, value]]));
    await until(() => told.length === 1);
    full = false;
    await store.commit(new Map([['c', value]]));
    assert.equal(await firstSeq(logs), 1);
    for (const name of ['d', 'e']) await store.commit(new Map([[name, value]]));
    await until(async () => (await firstSeq(logs)) > 1);
    assert.deepEqual(told, ['STORE_FULL']);
  });

  it('knows at each opening how much the log has grown before it', async () => {
    const logs = new MemoryLogs();
    const views = new MemoryViews();
    for (let index = 0; index < 4; index += 1) {
      const store = await open(new MemoryLogs(logs), { views });
      await store.commit(new Map([[`key-${index}`, value]]));
      await store.close();
    }
    const store = await open(new MemoryLogs(logs), { views });
    await store.commit(new Map([['z', value]]));
    await until(async () => (await firstSeq(logs)) > 1);
  });

  it('ends early when the store is closed', async () => {
    const logs = new MemoryLogs();
    const putting = deferred();
    const closing = deferred();
    const ended = deferred<unknown>();
    const slow = withBlobs(new MemoryLogs(logs), () => ({
      put: async (_, slices) => {
        putting.resolve();
        await closing.promise;
        try {
          for await (const _slice of slices) await new Promise(setImmediate);
        } catch (error) {
          ended.resolve(error);
          throw error;
        }
        ended.resolve(undefined);
      },
    }));
    const told: string[] = [];
    const store = await open(slow, { onSnapshotFailed: (_, { code }) => void told.push(code) });
    await store.commit(new Map([['a', value]]));
    await store.commit(new Map([['b', value]]));
    await putting.promise;
    const closed = store.close();
    closing.resolve();
    await closed;
    assert.ok((await ended.promise) !== undefined);
    assert.deepEqual(told, []);
  });
});
