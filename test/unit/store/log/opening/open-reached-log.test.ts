import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../../src/errors/index.js';
import { LogStores } from '../../../../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../../../../src/store/log/memory/memory-logs.js';
import { MemoryViews } from '../../../../../src/store/log/memory/memory-views.js';
import type { PartitionLogs } from '../../../../../src/store/log/partition-log.js';
import { rejectsWith } from '../../../../support/rejects-with.js';

/** Kept apart from the logs, as the nodes of a cluster keep it. */
const headsIn = (kept: Map<number, number>) => ({
  reached: async ({ partition }: { partition: number }) => kept.get(partition) ?? 0,
  note: async ({ partition }: { partition: number }, seq: number) => void kept.set(partition, seq),
});

const storesOver = (logs: PartitionLogs, kept: Map<number, number>): LogStores =>
  new LogStores({ logs, views: new MemoryViews(), heads: headsIn(kept) });

const changes = new Map([['key', Buffer.from('value')]]);

describe('a log that was opened before', { concurrency: true }, () => {
  it('and is empty is refused, and nothing is written to it', async () => {
    const kept = new Map<number, number>();
    const former = await storesOver(new MemoryLogs(), kept).open('job', 0);
    await former.commit(changes);
    assert.equal(kept.get(0), 1, 'its fence, before the first commit');
    const others = new MemoryLogs();
    const error = await rejectsWith('STORE_CORRUPT', storesOver(others, kept).open('job', 0));
    assert.match(error.message, /ends at 0, and had a record at 1 when it was opened before/);
    assert.match(error.advice ?? '', /backup.*another name/);
    assert.equal(await (await new MemoryLogs(others).open('job', 0)).last(), undefined);
  });

  it('and that a server does not have for a moment is opened with what it has', async () => {
    const kept = new Map<number, number>();
    const logs = new MemoryLogs();
    const former = await storesOver(logs, kept).open('job', 0);
    await former.commit(changes);
    let looks = 0;
    const starting: PartitionLogs = {
      location: 'a server that starts',
      open: () => Promise.reject(new MillraceError('INTERNAL', 'it would be made anew')),
      find: async (job, partition) => {
        looks += 1;
        if (looks === 1) throw new MillraceError('STORE_CORRUPT', 'it was deleted');
        return new MemoryLogs(logs).open(job, partition);
      },
      blobs: (job, partition) => logs.blobs(job, partition),
      close: async () => {},
    };
    const next = await storesOver(starting, kept).open('job', 0);
    assert.equal(Buffer.from(next.get('key') ?? []).toString(), 'value');
    assert.deepEqual([looks, kept.get(0)], [2, 3]);
  });
});
