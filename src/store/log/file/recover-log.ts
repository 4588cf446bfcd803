import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../../../internal/files/is-there.js';
import { syncFoundName, syncNewName } from '../../../internal/files/sync-name.js';
import { makeStoreDirectory } from '../../directory/store-directory.js';
import { corruptError } from '../../storage-error.js';
import { EntryReader, readFrom } from './entry-reader.js';
import { judgeTail } from './judge-tail.js';
import { makeSegment, UNFINISHED } from './make-segment.js';
import { entryOf } from './segment-entry.js';
import { decodeHeader, IDENTITY_BYTES, type LogName, SEGMENT_HEADER_BYTES, saltOf } from './segment-header.js';
import { firstOf, segmentName } from './segment-name.js';
import { SegmentWriter } from './segment-writer.js';

const ZEROS = Buffer.alloc(64 * 1024);

/** A segment of a log, by the seq of its first record. */
export interface Segment {
  readonly path: string;
  readonly first: number;
}

/** Where a record stands. */
export interface RecordPlace {
  readonly path: string;
  readonly offset: number;
}

/** A log as it was found, whole and durable. */
export interface FoundLog {
  readonly identity: Buffer;
  /** Ascending; records go to the last one. */
  readonly segments: Segment[];
  /** For the last of them. */
  readonly writer: SegmentWriter;
  /** Where the next entry goes. */
  readonly end: number;
  /** The seq of the last record; 0: there is none. */
  readonly last: number;
  /** Of the last record. */
  readonly lastPlace: RecordPlace | undefined;
}

/**
 * Opens the log in a directory that nobody else has, or makes it. Only the last segment is read: the records before are looked at when they
 * are asked for.
 *
 * What it has afterwards is durable. A record that a process had written when it ended, or when it was told that the disk had failed, may
 * be in the page cache alone, where no later flush finds it: so the last one is written again.
 * @param segmentBytes of the first segment, where it is made
 * @throws MillraceError STORE_CORRUPT, STORE_VERSION; errors of the file system
 */
export async function recoverLog(directory: string, name: LogName, segmentBytes: number): Promise<FoundLog> {
  if (await isThere(directory)) await makeStoreDirectory(directory);
  else await makeLog(directory, name, segmentBytes);
  const segments = await findSegments(directory);
  const segment = segments.at(-1);
  if (segment === undefined) throw corruptError(`${directory} has no segment any more`);
  await syncFoundName(segment.path);
  const header = decodeHeader(await readFrom(segment.path, 0, SEGMENT_HEADER_BYTES), name, segment.path);
  if (header.first !== segment.first) throw corruptError(`${segment.path} has the records from ${header.first} on`);
  const { identity } = header;
  const { size } = await stat(segment.path);
  if (size < header.length)
    throw corruptError(`${segment.path} was cut short: it has ${size} bytes of ${header.length}`);
  const before = segments.at(-2);
  const found = await readToEnd(segment, saltOf(identity));
  const last = found.last ?? (await lastOfFull(before, segment, saltOf(identity)));
  const writer = await SegmentWriter.open(segment.path);
  try {
    await mend(writer, found, { ...segment, size }, saltOf(identity));
  } catch (error) {
    await writer.close();
    throw error;
  }
  return { identity, segments, writer, end: found.end, last: found.next - 1, lastPlace: last?.place };
}

/** A record and its place. */
export interface ReadRecord {
  readonly place: RecordPlace;
  readonly record: Uint8Array;
}

/** What a segment has. */
export interface ReadSegment {
  /** Its last record; undefined when it has none. */
  readonly last: ReadRecord | undefined;
  /** The seq that comes next. */
  readonly next: number;
  /** Behind the last whole entry. */
  readonly end: number;
}

/** Reads all records of a segment that are whole, one behind the other. */
export async function readToEnd({ path, first }: Segment, salt: number): Promise<ReadSegment> {
  const reader = new EntryReader(path, salt);
  let last: ReadRecord | undefined;
  let next = first;
  while (true) {
    const place = { path, offset: reader.offset };
    const record = await reader.next(next);
    if (record === undefined) return { last, next, end: reader.offset };
    last = { place, record };
    next += 1;
  }
}

/** That of the segment before one that has no record yet: whole, since it was durable before the next one was made. @throws MillraceError STORE_CORRUPT */
export async function lastOfFull(
  before: Segment | undefined,
  { path, first }: Segment,
  salt: number,
): Promise<ReadRecord | undefined> {
  if (first === 1) return undefined;
  if (before === undefined) throw corruptError(`the records before ${path} are gone, and it has none`);
  const { last, next } = await readToEnd(before, salt);
  if (next !== first) throw corruptError(`${before.path} has no whole record ${next}`);
  return last;
}

async function mend(
  writer: SegmentWriter,
  found: ReadSegment,
  { path, size }: Segment & { readonly size: number },
  salt: number,
): Promise<void> {
  // A record longer than a segment makes its file longer, and a crash may leave all of it but the zeros that fill it up.
  const tail = withoutZeros(await readFrom(path, found.end, Math.max(0, size - found.end)));
  const verdict = judgeTail(tail, { seq: found.next, offset: found.end, salt });
  if (verdict === 'damaged') throw corruptError(`${path}: the record ${found.next} is damaged`);
  if (verdict === 'torn') await writer.erase(found.end, found.end + tail.byteLength);
  if (found.last === undefined) return;
  const { record, place } = found.last;
  await writer.write(entryOf(record, { seq: found.next - 1, offset: place.offset, salt }), place.offset);
}

/** Without those at the end. */
export function withoutZeros(bytes: Buffer): Buffer {
  let end = bytes.byteLength;
  while (end >= ZEROS.byteLength && bytes.subarray(end - ZEROS.byteLength, end).equals(ZEROS)) end -= ZEROS.byteLength;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

/** Under another name first: a log under its own name has had a segment. */
async function makeLog(directory: string, name: LogName, length: number): Promise<void> {
  const unfinished = `${directory}${UNFINISHED}`;
  await rm(unfinished, { recursive: true, force: true });
  await makeStoreDirectory(unfinished);
  await makeSegment(unfinished, { identity: randomBytes(IDENTITY_BYTES), first: 1, length }, name);
  await rename(unfinished, directory);
  await syncNewName(directory);
}

async function findSegments(directory: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const file of (await readdir(directory)).sort()) {
    const first = firstOf(file);
    if (first !== undefined) segments.push({ path: join(directory, segmentName(first)), first });
    else if (file.endsWith(UNFINISHED)) await rm(join(directory, file), { force: true });
  }
  return segments;
}
