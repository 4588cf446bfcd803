import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogWriter } from '../../../../src/store/log/log-writer.js';
import { MemoryLogs } from '../../../../src/store/log/memory/memory-logs.js';
import type { LogEntry, PartitionLog } from '../../../../src/store/log/partition-log.js';
import { follow } from '../../../../src/store/log/record/follow.js';
import { LOG_START, type LogPoint } from '../../../../src/store/log/record/log-point.js';
import { decodeRecord, encodeRecord } from '../../../../src/store/log/record/log-record.js';
import { rejectsWith } from '../../../support/rejects-with.js';

const body = (text: string): Buffer => Buffer.from(text);

const openLog = (): Promise<PartitionLog> => new MemoryLogs().open('job', 0);

async function entriesOf(log: PartitionLog): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const last = await log.last();
  for await (const entry of log.read(0, last?.seq ?? 0)) entries.push(entry);
  return entries;
}

/** What the records are, in their order, each following the one before. */
async function historyOf(log: PartitionLog): Promise<string[]> {
  let point: LogPoint = LOG_START;
  const history: string[] = [];
  for (const entry of await entriesOf(log)) {
    const followed = follow(point, entry, log.location);
    point = followed.point;
    const { kind, epoch, number } = followed.record;
    history.push(`${kind} ${epoch}.${number} ${Buffer.from(followed.record.body)}`.trim());
  }
  return history;
}

describe('LogWriter', () => {
  it('begins an epoch with a fence and counts its records without a gap (C1)', async () => {
    const log = await openLog();
    const first = await LogWriter.take(log, 3);
    await first.append('commit', body('a'));
    await first.append('proof', body(''));
    const second = await LogWriter.take(log, 7);
    await second.append('commit', body('b'));
    assert.deepEqual(await historyOf(log), ['fence 3.0', 'commit 3.1 a', 'proof 3.2', 'fence 7.0', 'commit 7.1 b']);
  });

  it('refuses what a former owner appends after a later one has taken the log', async () => {
    const log = await openLog();
    const former = await LogWriter.take(log, 1);
    await LogWriter.take(log, 2);
    await rejectsWith('STORE_FENCED', former.append('commit', body('late')));
    assert.deepEqual(await historyOf(log), ['fence 1.0', 'fence 2.0']);
  });

  it('does not take a log from a newer epoch, nor from its own', async () => {
    const log = await openLog();
    await LogWriter.take(log, 5);
    await rejectsWith('STORE_FENCED', LogWriter.take(log, 4));
    await rejectsWith('STORE_FENCED', LogWriter.take(log, 5));
    assert.deepEqual(await historyOf(log), ['fence 5.0']);
  });

  it('takes a log behind what was its last record a moment ago, and looks again where more has come', async () => {
    const log = await openLog();
    const owner = await LogWriter.take(log, 1);
    const known = await log.last();
    await owner.append('commit', body('since'));
    await LogWriter.take(log, 2, known);
    assert.deepEqual(await historyOf(log), ['fence 1.0', 'commit 1.1 since', 'fence 2.0']);
    await rejectsWith('STORE_FENCED', LogWriter.take(log, 2, known));
  });

  it('takes a log whose owner goes on writing meanwhile', async () => {
    const log = await openLog();
    const owner = await LogWriter.take(log, 1);
    let racing = true;
    const racer: PartitionLog = Object.assign(Object.create(log), {
      maxRecordBytes: log.maxRecordBytes,
      location: log.location,
      read: log.read.bind(log),
      append: log.append.bind(log),
      async last() {
        const last = await log.last();
        if (racing) await owner.append('commit', body('between'));
        racing = false;
        return last;
      },
    });
    await LogWriter.take(racer, 2);
    assert.deepEqual(await historyOf(log), ['fence 1.0', 'commit 1.1 between', 'fence 2.0']);
  });

  it('has one record under way at a time (C1)', async () => {
    const log = await openLog();
    const writer = await LogWriter.take(log, 1);
    const first = writer.append('commit', body('a'));
    await rejectsWith('INTERNAL', writer.append('commit', body('b')));
    await first;
    assert.deepEqual(await historyOf(log), ['fence 1.0', 'commit 1.1 a']);
  });

  it('writes nothing more after an append that failed', async () => {
    const log = await openLog();
    const former = await LogWriter.take(log, 1);
    await LogWriter.take(log, 2);
    await rejectsWith('STORE_FENCED', former.append('commit', body('late')));
    await rejectsWith('INTERNAL', former.append('commit', body('later')));
  });

  it('lets each record lead to the last snapshot before it', async () => {
    const log = await openLog();
    const writer = await LogWriter.take(log, 1);
    const { seq } = await writer.append('snapshot', body('blob'));
    await writer.append('commit', body('a'));
    const next = await LogWriter.take(log, 2);
    assert.equal(next.snapshot, seq);
  });
});

describe('follow', () => {
  const record = { kind: 'commit', epoch: 1, number: 1, previous: 0, snapshot: 0, offset: 0, body: body('x') } as const;
  const after: LogPoint = { seq: 4, epoch: 1, number: 0, crc: 77, bytes: 900 };
  const good = { ...record, previous: 77, offset: 900 };
  const entry = (bytes: Uint8Array, seq = 5): LogEntry => ({ seq, record: bytes });

  it('takes the next record of the epoch, and the fence of a later one', () => {
    follow(after, entry(encodeRecord(good)), 'log');
    follow(after, entry(encodeRecord({ ...good, kind: 'fence', epoch: 9, number: 0 })), 'log');
  });

  const wrong = {
    'the record before is another': { ...good, previous: 78 },
    'bytes are left out': { ...good, offset: 901 },
    'a number is left out': { ...good, number: 2 },
    'a number comes again': { ...good, number: 0 },
    'an epoch begins without a fence': { ...good, epoch: 2 },
    'a fence is of the same epoch': { ...good, kind: 'fence', number: 0 },
    'a fence is of an earlier epoch': { ...good, kind: 'fence', epoch: 0, number: 0 },
    'a fence is not number 0': { ...good, kind: 'fence', epoch: 2, number: 1 },
  } as const;
  for (const [title, bad] of Object.entries(wrong)) {
    it(`is STORE_CORRUPT where ${title}`, async () => {
      await rejectsWith('STORE_CORRUPT', (async () => follow(after, entry(encodeRecord(bad)), 'log'))());
    });
  }

  it('is STORE_CORRUPT at each flipped bit and each cut of a record', async () => {
    const bytes = encodeRecord(good);
    for (let bit = 0; bit < bytes.byteLength * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await rejectsWith('STORE_CORRUPT', (async () => follow(after, entry(flipped), 'log'))());
    }
    for (let size = 0; size < bytes.byteLength; size += 1) {
      await rejectsWith('STORE_CORRUPT', (async () => follow(after, entry(bytes.subarray(0, size)), 'log'))());
    }
  });

  it('is STORE_VERSION for a whole record of a newer form', async () => {
    const { crc32 } = await import('node:zlib');
    const bytes = encodeRecord(good);
    bytes[4] = 2;
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    await rejectsWith('STORE_VERSION', (async () => decodeRecord(bytes, 'log'))());
  });
});
