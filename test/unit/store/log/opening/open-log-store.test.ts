import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogStores } from '../../../../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../../../../src/store/log/memory/memory-logs.js';
import { MemoryView } from '../../../../../src/store/log/memory/memory-view.js';
import { MemoryViews } from '../../../../../src/store/log/memory/memory-views.js';
import type { PartitionLogs } from '../../../../../src/store/log/partition-log.js';
import { deferred } from '../../../../support/deferred.js';
import { rejectsWith } from '../../../../support/rejects-with.js';

describe('opening a store over a log', () => {
  it('opens view and snapshots while the log is taken: who takes over waits for the slowest alone', async () => {
    const memory = new MemoryLogs();
    const [viewOpens, blobsOpen] = [deferred<void>(), deferred<void>()];
    const logs: PartitionLogs = {
      location: 'memory',
      open: async (job, partition) => {
        const log = await memory.open(job, partition);
        const append = log.append.bind(log);
        return Object.assign(log, {
          append: async (record: Uint8Array, expected: number) => {
            await Promise.all([viewOpens.promise, blobsOpen.promise]);
            return append(record, expected);
          },
        });
      },
      blobs: (job, partition) => {
        blobsOpen.resolve();
        return memory.blobs(job, partition);
      },
      close: async () => {},
    };
    const views = {
      open: async () => {
        viewOpens.resolve();
        return new MemoryView();
      },
      close: async () => {},
    };
    const store = await new LogStores({ logs, views }).open('job', 0);
    await store.commit(new Map([['key', Buffer.from('value')]]));
    await store.close();
  });

  it('closes the view where the log has another owner', async () => {
    const memory = new MemoryLogs();
    await new LogStores({
      logs: memory,
      views: { open: async () => new MemoryView(), close: async () => {} },
      epochOf: async () => 7,
    }).open('job', 0);
    let closed = 0;
    const view = new MemoryView();
    const close = view.close.bind(view);
    const counted = Object.assign(view, {
      close: async () => {
        closed += 1;
        return close();
      },
    });
    const late = new LogStores({
      logs: new MemoryLogs(memory),
      views: { open: async () => counted, close: async () => {} },
      epochOf: async () => 6,
    });
    await rejectsWith('STORE_FENCED', late.open('job', 0));
    assert.equal(closed, 1);
  });

  it('of a log that was opened before asks for the last record once, and is ready when it is noted how far the log has come', async () => {
    const memory = new MemoryLogs();
    let [asked, noted] = [0, 0];
    const logs: PartitionLogs = {
      location: 'memory',
      open: async (job, partition) => {
        const log = await memory.open(job, partition);
        const last = log.last.bind(log);
        return Object.assign(log, {
          last: () => {
            asked += 1;
            return last();
          },
        });
      },
      blobs: (job, partition) => memory.blobs(job, partition),
      close: async () => {},
    };
    const note = deferred<void>();
    const heads = {
      reached: async () => noted,
      note: async (_: unknown, seq: number) => {
        if (noted > 0) await note.promise;
        noted = seq;
      },
    };
    const options = { logs, views: new MemoryViews(), heads, epochOf: async () => noted + 1 };
    const former = await new LogStores(options).open('job', 0);
    await former.commit(new Map([['key', Buffer.from('value')]]));
    await former.close();
    asked = 0;
    const opening = new LogStores(options).open('job', 0);
    let isOpen = false;
    void opening.then(() => {
      isOpen = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([isOpen, asked], [false, 1]);
    note.resolve();
    assert.deepEqual(Buffer.from((await opening).get('key') ?? []), Buffer.from('value'));
    assert.equal(noted, 3);
  });
});
