import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileLogs } from '../../../src/store/log/file/file-logs.js';
import type { LogEntry, PartitionLog } from '../../../src/store/log/partition-log.js';

/** Where a header has the length of its file. */
const LENGTH_AT = 40;
/** Above it the header is damaged. */
const LARGEST = 16 * 1024 * 1024;

/** The files of a log, by their names. */
export type LogFiles = ReadonlyMap<string, Buffer>;

/** The directory of the log of partition 0 of job `history`. */
export const logDirectory = (dir: string): string => join(dir, 'job-history-259aa8ef98a8', 'partition-0.log');

/** The records that are there now. */
export async function allOf(log: PartitionLog, after = 0): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  const last = await log.last();
  for await (const { seq, record } of log.read(after, last?.seq ?? after)) {
    entries.push({ seq, record: Buffer.from(record) });
  }
  return entries;
}

/** Opens the log of a directory, and closes all behind the work. */
export async function withLog<T>(
  dir: string,
  work: (log: PartitionLog) => Promise<T>,
  segmentBytes?: number,
): Promise<T> {
  const logs = await FileLogs.open(dir, segmentBytes);
  try {
    return await work(await logs.open('history', 0));
  } finally {
    await logs.close();
  }
}

/** The files of a log that is closed, without the zeros behind the last entry. */
export function takeFiles(dir: string): LogFiles {
  const from = logDirectory(dir);
  return new Map(readdirSync(from).map((name) => [name, withoutZeros(readFileSync(join(from, name)))]));
}

/** Entries end at a multiple of eight bytes. */
function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.byteLength;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, Math.ceil(end / 8) * 8);
}

/** Puts a log in the place of the one that is there: files that are as long as their headers say, with zeros at their ends. */
export function putFiles(dir: string, files: LogFiles): void {
  const to = logDirectory(dir);
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const [name, bytes] of files) {
    writeFileSync(join(to, name), bytes, { mode: 0o600 });
    const length = bytes.byteLength < LENGTH_AT + 8 ? 0 : Number(bytes.readBigUInt64LE(LENGTH_AT));
    if (length > bytes.byteLength && length <= LARGEST) truncateSync(join(to, name), length);
  }
}

/** The same files, one of them otherwise; undefined: without it. */
export function withFile(files: LogFiles, name: string, bytes: Buffer | undefined): LogFiles {
  const changed = new Map(files);
  if (bytes === undefined) changed.delete(name);
  else changed.set(name, bytes);
  return changed;
}
