import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileLogs } from '../../../src/store/log/file/file-logs.js';
import type { LogEntry, PartitionLog } from '../../../src/store/log/partition-log.js';

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

/** The files of a log that is closed. */
export function takeFiles(dir: string): LogFiles {
  const from = logDirectory(dir);
  return new Map(readdirSync(from).map((name) => [name, readFileSync(join(from, name))]));
}

/** Puts a log in the place of the one that is there. */
export function putFiles(dir: string, files: LogFiles): void {
  const to = logDirectory(dir);
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const [name, bytes] of files) writeFileSync(join(to, name), bytes, { mode: 0o600 });
}

/** The same files, one of them otherwise; undefined: without it. */
export function withFile(files: LogFiles, name: string, bytes: Buffer | undefined): LogFiles {
  const changed = new Map(files);
  if (bytes === undefined) changed.delete(name);
  else changed.set(name, bytes);
  return changed;
}
