import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MillraceError } from '../../../errors/index.js';
import { checkFoundDirectory } from '../../../internal/files/own-files.js';
import { corruptError, storageError } from '../../storage-error.js';
import type { LogEntry } from '../partition-log.js';
import type { ReadableLog } from '../readable-log.js';
import { EntryReader, readFrom } from './entry-reader.js';
import { judgeTail } from './judge-tail.js';
import { lastOfFull, type ReadRecord, type ReadSegment, readToEnd, type Segment, withoutZeros } from './recover-log.js';
import { decodeHeader, type LogName, SEGMENT_HEADER_BYTES, saltOf } from './segment-header.js';
import { firstOf } from './segment-name.js';

/** A file of a log. */
export interface LogFile {
  readonly path: string;
  /** Bytes from its beginning that lead to what can be read; behind them is room, or what was written since. */
  readonly bytes: number;
  /** How long the file is to be, in any case. */
  readonly length: number;
}

/** What a log was when it was looked at. */
interface Found {
  readonly segments: readonly Segment[];
  readonly files: readonly LogFile[];
  readonly identity: Buffer;
  readonly last: ReadRecord | undefined;
  /** The seq of the last record; 0: there is none. */
  readonly seq: number;
  /** Of all segments, in bytes. */
  readonly bytes: number;
  readonly problem: MillraceError | undefined;
}

/**
 * Reads a log in files as it was at one moment, beside the process that writes it: nothing is locked, written, mended or made. A record that is
 * being written does not count; one that is damaged ends what can be read, and is told.
 */
export class FileLogReader implements ReadableLog {
  readonly location: string;
  readonly identity: string;
  /** That the log goes on behind what can be read. */
  readonly problem: MillraceError | undefined;
  /** How many files it has. */
  readonly segments: number;
  /** Of all files, the room for what is to come too. */
  readonly bytes: number;
  /** In the order of their records. One that its owner has removed meanwhile is found gone when it is read. */
  readonly files: readonly LogFile[];
  readonly #found: Found;
  readonly #salt: number;

  private constructor(location: string, found: Found) {
    this.location = location;
    this.identity = found.identity.toString('hex');
    this.problem = found.problem;
    this.segments = found.segments.length;
    this.bytes = found.bytes;
    this.files = found.files;
    this.#found = found;
    this.#salt = saltOf(found.identity);
  }

  /**
   * @param name undefined: whose log it is, is not known
   * @throws MillraceError STORE_CORRUPT, STORE_VERSION, STORAGE_FAILED; INVALID_OPTIONS for what is no directory of ours
   */
  static async open(directory: string, name: LogName | undefined): Promise<FileLogReader> {
    try {
      await checkFoundDirectory(directory);
      return new FileLogReader(directory, await look(directory, name));
    } catch (error) {
      throw storageError(error, `cannot read the log ${directory}`);
    }
  }

  async last(): Promise<LogEntry | undefined> {
    const { last, seq } = this.#found;
    return last === undefined ? undefined : { seq, record: last.record };
  }

  async *read(after: number, upTo: number): AsyncGenerator<LogEntry, void> {
    const { segments, seq: last } = this.#found;
    for (const [index, segment] of segments.entries()) {
      const end = Math.min(upTo, (segments[index + 1]?.first ?? last + 1) - 1);
      if (end <= after) continue;
      if (segment.first > after + 1 && index === 0) throw corruptError(`${this.location} has no record ${after + 1}`);
      const reader = new EntryReader(segment.path, this.#salt);
      for (let at = segment.first; at <= end; at += 1) {
        const record = await reader.needed(at);
        if (at > after) yield { seq: at, record };
      }
    }
  }
}

async function look(directory: string, name: LogName | undefined): Promise<Found> {
  const segments = await listSegments(directory);
  const newest = segments.at(-1);
  if (newest === undefined) throw corruptError(`${directory} has no segment`);
  const { identity, first, length } = decodeHeader(
    await readFrom(newest.path, 0, SEGMENT_HEADER_BYTES),
    name,
    newest.path,
  );
  if (first !== newest.first) throw corruptError(`${newest.path} has the records from ${first} on`);
  const salt = saltOf(identity);
  const sizes = await Promise.all(segments.map(sizeOf));
  const size = sizes.at(-1) ?? 0;
  const read = await readToEnd(newest, salt);
  const cut =
    size < length ? corruptError(`${newest.path} was cut short: it has ${size} bytes of ${length}`) : undefined;
  const problem = cut ?? (await damageBehind(read, { ...newest, size }, salt));
  const last = read.last ?? (await lastOfFull(segments.at(-2), newest, salt));
  const files = segments.map(({ path }, index) => {
    const all = sizes[index] ?? 0;
    return path === newest.path ? { path, bytes: read.end, length } : { path, bytes: all, length: all };
  });
  const bytes = sizes.reduce((sum, one) => sum + one, 0);
  return { segments, files, identity, last, seq: read.next - 1, bytes, problem };
}

/** 0 of one that its owner has trimmed meanwhile: that it is gone is told where it is read. */
async function sizeOf({ path }: Segment): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (Object(error).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Ascending. */
async function listSegments(directory: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const file of (await readdir(directory)).sort()) {
    const first = firstOf(file);
    if (first !== undefined) segments.push({ path: join(directory, file), first });
  }
  return segments;
}

/** As an opening judges it; but who writes meanwhile may have written on between the two looks. */
async function damageBehind(
  { end, next }: ReadSegment,
  { path, size }: Segment & { readonly size: number },
  salt: number,
): Promise<MillraceError | undefined> {
  const tail = withoutZeros(await readFrom(path, end, Math.max(0, size - end)));
  if (judgeTail(tail, { seq: next, offset: end, salt }) !== 'damaged') return undefined;
  if ((await new EntryReader(path, salt, end).next(next)) !== undefined) return undefined;
  return corruptError(`${path}: the record ${next} is damaged, and what is behind it cannot be read`);
}
