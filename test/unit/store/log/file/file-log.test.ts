import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { MillraceError } from '../../../../../src/errors/index.js';
import { FileLogs } from '../../../../../src/store/log/file/file-logs.js';
import { UNLOOKED_MS } from '../../../../../src/store/log/file/segment-writer.js';
import type { LogEntry, PartitionLog } from '../../../../../src/store/log/partition-log.js';
import { SUITE_LIMIT } from '../../../../support/limits.js';
import { memoryDir } from '../../../../support/memory-dir.js';
import { rejectsWith } from '../../../../support/rejects-with.js';
import {
  allOf,
  type LogFiles,
  logDirectory,
  putFiles,
  takeFiles,
  withFile,
  withLog,
} from '../../../../support/store/file-log-place.js';

const HEADER_BYTES = 72;
const ENTRY_HEAD_BYTES = 32;
const segment = (first: number): string => `${String(first).padStart(16, '0')}.segment`;

const recordOf = (number: number, size: number): Buffer => Buffer.alloc(size, `record ${number}, `);

/** A log with records of these sizes, and its files. */
async function written(
  sizes: readonly number[],
  segmentBytes?: number,
): Promise<{ dir: string; files: LogFiles; entries: LogEntry[] }> {
  const dir = memoryDir('file-log');
  const entries = sizes.map((size, index): LogEntry => ({ seq: index + 1, record: recordOf(index + 1, size) }));
  await withLog(
    dir,
    async (log) => {
      for (const { seq, record } of entries) await log.append(record, seq - 1);
    },
    segmentBytes,
  );
  return { dir, files: takeFiles(dir), entries };
}

/** The last record that was taken, when that began, and why the next one was not. */
async function appendUntilRefused(log: PartitionLog, after: number, now: number) {
  let [last, begunAt] = [after, now];
  while (true) {
    const next = performance.now();
    try {
      last = await log.append(recordOf(last + 1, 10), last);
      begunAt = next;
    } catch (error) {
      return { error, last, begunAt };
    }
  }
}

/** What an opening finds; that it is STORE_CORRUPT, while it is opened or read. */
async function found(dir: string, files: LogFiles, after = 0): Promise<LogEntry[] | 'STORE_CORRUPT'> {
  putFiles(dir, files);
  try {
    return await withLog(dir, (log) => allOf(log, after));
  } catch (error) {
    assert.ok(error instanceof MillraceError && error.code === 'STORE_CORRUPT', String(error));
    return error.code;
  }
}

const flipped = (bytes: Buffer, at: number): Buffer => {
  const wrong = Buffer.from(bytes);
  wrong.writeUInt8(wrong.readUInt8(at) ^ 0x10, at);
  return wrong;
};

const fileOf = (files: LogFiles, name: string): Buffer => files.get(name) ?? Buffer.alloc(0);

describe('a log in files', SUITE_LIMIT, () => {
  it('D6 cut short at any byte of its last record has all before it, and takes the next one there', async () => {
    const { dir, files, entries } = await written([30, 0, 100]);
    const whole = fileOf(files, segment(1));
    const lastAt = HEADER_BYTES + ENTRY_HEAD_BYTES + 32 + ENTRY_HEAD_BYTES;
    for (let length = lastAt; length < lastAt + ENTRY_HEAD_BYTES + 100; length += 1) {
      putFiles(dir, withFile(files, segment(1), whole.subarray(0, length)));
      const again = { seq: 3, record: recordOf(99, 7) };
      await withLog(dir, async (log) => {
        assert.deepEqual(await allOf(log), entries.slice(0, 2), `${length} bytes`);
        assert.equal(await log.append(again.record, 2), 3);
      });
      await withLog(dir, async (log) => assert.deepEqual(await allOf(log), [...entries.slice(0, 2), again]));
    }
    assert.deepEqual(await found(dir, files), entries);
  });

  it('D7 a byte that is wrong anywhere before its last record is STORE_CORRUPT, or means nothing', async () => {
    const { dir, files, entries } = await written([30, 0, 100, 20]);
    const whole = fileOf(files, segment(1));
    const lastAt = whole.byteLength - ENTRY_HEAD_BYTES - 24;
    let corrupt = 0;
    for (let at = 0; at < lastAt; at += 1) {
      const outcome = await found(dir, withFile(files, segment(1), flipped(whole, at)));
      if (outcome === 'STORE_CORRUPT') corrupt += 1;
      else assert.deepEqual(outcome, entries, `byte ${at}`);
    }
    const paddings = 2 + 0 + 4;
    assert.equal(corrupt, lastAt - paddings);
  });

  it('D7 a byte that is wrong in an earlier segment is STORE_CORRUPT when it is read, or means nothing', async () => {
    const { dir, files, entries } = await written([30, 40, 50, 60, 70], 64);
    assert.deepEqual([...files.keys()].sort(), [1, 2, 3, 4, 5].map(segment));
    for (const first of [1, 3, 4]) {
      const whole = fileOf(files, segment(first));
      for (let at = HEADER_BYTES; at < whole.byteLength; at += 1) {
        const outcome = await found(dir, withFile(files, segment(first), flipped(whole, at)));
        if (outcome !== 'STORE_CORRUPT') assert.deepEqual(outcome, entries, `segment ${first}, byte ${at}`);
        else assert.ok(at < HEADER_BYTES + ENTRY_HEAD_BYTES + 10 * first + 20);
      }
      const cut = whole.subarray(0, whole.byteLength - 20);
      assert.equal(await found(dir, withFile(files, segment(first), cut)), 'STORE_CORRUPT');
    }
  });

  it('a file that is shorter than it was made is STORE_CORRUPT: a record that was acknowledged may be gone with its end', async () => {
    const { dir, files } = await written([30, 40]);
    const path = join(logDirectory(dir), segment(1));
    for (const length of [statSync(path).size - 1, fileOf(files, segment(1)).byteLength - 8, HEADER_BYTES]) {
      putFiles(dir, files);
      truncateSync(path, length);
      const error = await rejectsWith(
        'STORE_CORRUPT',
        withLog(dir, async () => {}),
      );
      assert.match(error.message, /was cut short/);
    }
  });

  it('a segment that is gone is STORE_CORRUPT where its records are asked for', async () => {
    const { dir, files, entries } = await written([30, 40, 50, 60], 64);
    for (const first of [1, 2, 3]) {
      assert.equal(await found(dir, withFile(files, segment(first), undefined)), 'STORE_CORRUPT', `segment ${first}`);
    }
    assert.deepEqual(await found(dir, withFile(files, segment(1), undefined), 1), entries.slice(1));
    assert.equal(await found(dir, new Map()), 'STORE_CORRUPT');
  });

  it('a segment without a record follows one that is whole, or the log is STORE_CORRUPT', async () => {
    const { dir, files, entries } = await written([30, 40, 50], 64);
    const empty = withFile(files, segment(3), fileOf(files, segment(3)).subarray(0, HEADER_BYTES));
    assert.deepEqual(await found(dir, empty), entries.slice(0, 2));
    await withLog(dir, async (log) => assert.equal(await log.append(recordOf(3, 50), 2), 3));
    const second = fileOf(files, segment(2));
    assert.equal(await found(dir, withFile(empty, segment(2), second.subarray(0, -20))), 'STORE_CORRUPT');
    assert.equal(await found(dir, withFile(empty, segment(2), second.subarray(0, HEADER_BYTES))), 'STORE_CORRUPT');
    assert.equal(await found(dir, withFile(empty, segment(2), undefined)), 'STORE_CORRUPT');
  });

  it('a segment of another partition, of another log or from another place is STORE_CORRUPT', async () => {
    const { dir, files } = await written([30, 40, 50], 64);
    const other = await written([30, 40, 50], 64);
    assert.equal(await found(dir, withFile(files, segment(1), fileOf(other.files, segment(1)))), 'STORE_CORRUPT');
    assert.equal(await found(dir, withFile(files, segment(3), fileOf(files, segment(2)))), 'STORE_CORRUPT');
    putFiles(dir, files);
    const directory = logDirectory(dir);
    renameSync(directory, directory.replace('partition-0', 'partition-1'));
    const logs = await FileLogs.open(dir);
    const error = await rejectsWith('STORE_CORRUPT', logs.open('history', 1));
    assert.match(error.message, /is not of the log of partition 1 of job history/);
    await logs.close();
  });

  it('a segment that a newer version has written is STORE_VERSION', async () => {
    const { dir, files } = await written([30]);
    const newer = Buffer.from(fileOf(files, segment(1)));
    newer.writeUInt32LE(2, 12);
    newer.writeUInt32LE(crc32(newer.subarray(12, HEADER_BYTES)), 8);
    putFiles(dir, withFile(files, segment(1), newer));
    await rejectsWith(
      'STORE_VERSION',
      withLog(dir, async () => {}),
    );
  });

  it('the tail of a record under way is dropped, however much of it and of the file there is', async () => {
    const { dir, files, entries } = await written([30, 40]);
    const whole = fileOf(files, segment(1));
    for (const tail of [Buffer.alloc(3), Buffer.alloc(2_000_000), Buffer.alloc(5_000, 0xff)]) {
      const outcome = await found(dir, withFile(files, segment(1), Buffer.concat([whole, tail])));
      assert.deepEqual(outcome, entries);
      assert.equal(fileOf(takeFiles(dir), segment(1)).byteLength, whole.byteLength, 'it is erased');
    }
  });

  it('what a crash left of a log or a segment that was being made means nothing, and goes', async () => {
    const { dir, files, entries } = await written([30, 40]);
    const unfinished = `${segment(3)}.new`;
    assert.deepEqual(await found(dir, new Map([...files, [unfinished, Buffer.alloc(10)]])), entries);
    assert.ok(!existsSync(join(logDirectory(dir), unfinished)));
    rmSync(logDirectory(dir), { recursive: true });
    putFiles(dir, new Map([[segment(1), Buffer.alloc(10)]]));
    renameSync(logDirectory(dir), `${logDirectory(dir)}.new`);
    await withLog(dir, async (log) => assert.equal(await log.last(), undefined));
  });

  it('goes on in a new segment when one is full, and trimming removes those that nobody needs', async () => {
    const dir = memoryDir('file-log');
    const names = (): string[] => readdirSync(logDirectory(dir)).sort();
    const work = async (log: Parameters<Parameters<typeof withLog>[1]>[0]): Promise<void> => {
      for (let seq = 1; seq <= 10; seq += 1) await log.append(recordOf(seq, 68), seq - 1);
      // Two records of 100 bytes and their heads.
      assert.deepEqual(names(), [1, 3, 5, 7, 9].map(segment));
      await log.trim(3);
      assert.deepEqual(names(), [3, 5, 7, 9].map(segment));
      await Promise.all([log.trim(7), log.trim(6), log.trim(7)]);
      assert.deepEqual(names(), [7, 9].map(segment));
      await log.trim(10);
      assert.deepEqual(names(), [segment(9)]);
      await log.append(recordOf(11, 2_000), 10);
      await log.append(recordOf(12, 1), 11);
      assert.deepEqual(names(), [9, 11, 12].map(segment));
    };
    await withLog(dir, work, 72 + 2 * (32 + 72));
  });

  it('a log that was removed or replaced is STORE_FENCED within a tenth of a second of records, and then for good', async () => {
    const swaps: readonly ((directory: string) => void)[] = [
      (directory) => rmSync(directory, { recursive: true }),
      (directory) => renameSync(directory, `${directory}.moved`),
      (directory) => {
        const path = join(directory, segment(1));
        renameSync(path, `${path}.moved`);
        writeFileSync(path, '');
      },
    ];
    for (const swap of swaps) {
      const { dir } = await written([30]);
      await withLog(dir, async (log) => {
        await log.append(recordOf(2, 10), 1);
        swap(logDirectory(dir));
        const swappedAt = performance.now();
        const { error, last, begunAt } = await appendUntilRefused(log, 2, swappedAt);
        assert.equal(MillraceError.from(error).code, 'STORE_FENCED');
        // whoever begins later is refused
        assert.ok(begunAt < swappedAt + UNLOOKED_MS, `${last} began ${begunAt - swappedAt} ms later`);
        assert.equal(await log.append(recordOf(last + 1, 10), last).catch((second: unknown) => second), error);
      });
    }
  });

  it('a log whose directory was replaced makes its next segment in no other one: that is STORE_FENCED at once', async () => {
    const room = HEADER_BYTES + 2 * (ENTRY_HEAD_BYTES + 32);
    const { dir } = await written([32], room);
    const work = async (log: PartitionLog): Promise<void> => {
      await log.append(recordOf(2, 32), 1);
      const directory = logDirectory(dir);
      renameSync(directory, `${directory}.moved`);
      cpSync(`${directory}.moved`, directory, { recursive: true });
      await rejectsWith('STORE_FENCED', log.append(recordOf(3, 32), 2));
      assert.deepEqual(readdirSync(directory), [segment(1)]);
    };
    await withLog(dir, work, room);
  });

  it('two records under way at once are refused, since the second would stand where the first does (C1)', async () => {
    const { dir } = await written([30]);
    await withLog(dir, async (log) => {
      const first = log.append(recordOf(2, 10), 1);
      await rejectsWith('INTERNAL', log.append(recordOf(3, 10), 1));
      assert.equal(await first, 2);
      assert.equal(await log.append(recordOf(3, 10), 2), 3);
    });
  });

  it('a directory has one owner, for all that is in it', async () => {
    const { dir } = await written([30]);
    await withLog(dir, async () => {
      await rejectsWith('STORE_LOCKED', FileLogs.open(dir));
    });
    await (await FileLogs.open(dir)).close();
  });
});
