import { rm } from 'node:fs/promises';
import { MillraceError } from '../../../errors/index.js';
import { deferred } from '../../../internal/deferred.js';
import { syncNewName } from '../../../internal/files/sync-name.js';
import { PlaceWatch } from '../../directory/place-watch.js';
import { corruptError, storageError } from '../../storage-error.js';
import type { LogEntry, PartitionLog } from '../partition-log.js';
import { EntryReader } from './entry-reader.js';
import { makeSegment } from './make-segment.js';
import type { FoundLog, RecordPlace, Segment } from './recover-log.js';
import { entryBytes, entryOf } from './segment-entry.js';
import { type LogName, SEGMENT_HEADER_BYTES, saltOf } from './segment-header.js';
import { SegmentWriter } from './segment-writer.js';

/** A commit of a store may be that large, and a record has a head. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024 + 1024;

/** Opened by `FileLogs`. */
export interface FileLogParts {
  readonly directory: string;
  readonly name: LogName;
  readonly found: FoundLog;
  /** Where a segment ends, unless a single record is larger. */
  readonly segmentBytes: number;
  /** Called once, when it may be opened again. */
  readonly onClosed: () => void;
}

/**
 * A log in files of a directory that this process owns. A record is written and flushed by itself. After a write that failed nothing
 * is written again (R13).
 */
export class FileLog implements PartitionLog {
  readonly maxRecordBytes = MAX_RECORD_BYTES;
  readonly shared = false;
  readonly location: string;
  readonly identity: string;
  readonly #parts: FileLogParts;
  readonly #salt: number;
  /** Ascending; records go to the last one. */
  readonly #segments: Segment[];
  #writer: SegmentWriter;
  #place: PlaceWatch;
  readonly #lost = deferred<MillraceError>();
  /** Where the next entry goes. */
  #end: number;
  #last: number;
  #lastPlace: RecordPlace | undefined;
  /** In a record, since anything can be thrown. */
  #failure: { readonly error: unknown } | undefined;
  #writing = false;
  /** The calls under way. */
  readonly #calls = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(parts: FileLogParts) {
    const { directory, found } = parts;
    this.#parts = parts;
    this.location = directory;
    this.identity = found.identity.toString('hex');
    this.#salt = saltOf(found.identity);
    this.#segments = found.segments;
    this.#writer = found.writer;
    this.#place = this.#watch(found.writer);
    this.#end = found.end;
    this.#last = found.last;
    this.#lastPlace = found.lastPlace;
  }

  get lost(): Promise<MillraceError> {
    return this.#lost.promise;
  }

  async last(): Promise<LogEntry | undefined> {
    this.#checkOpen();
    if (this.#lastPlace === undefined) return undefined;
    return this.#underWay(this.#readLast(this.#last, this.#lastPlace));
  }

  async append(record: Uint8Array, expected: number): Promise<number> {
    this.#checkOpen();
    if (this.#failure !== undefined) throw this.#failure.error;
    if (record.byteLength > MAX_RECORD_BYTES) {
      throw new MillraceError(
        'INVALID_OPTIONS',
        `a record of ${record.byteLength} bytes is larger than ${MAX_RECORD_BYTES}; nothing was written`,
      );
    }
    if (expected !== this.#last) {
      throw new MillraceError('STORE_FENCED', `${this.location} ends at ${this.#last}, and not at ${expected}`);
    }
    // The second of two would stand where the first does.
    if (this.#writing) throw new MillraceError('INTERNAL', 'a log has one record under way at a time');
    return this.#underWay(this.#append(record, expected + 1));
  }

  async *read(after: number, upTo: number): AsyncGenerator<LogEntry, void> {
    let seq = after + 1;
    while (seq <= upTo) {
      this.#checkOpen();
      const segment = this.#segmentOf(seq);
      const reader = new EntryReader(segment.path, this.#salt);
      const end = Math.min(upTo, this.#lastOf(segment));
      for (let at = segment.first; at <= end; at += 1) {
        const record = await reader.needed(at);
        if (at < seq) continue;
        yield { seq: at, record };
        this.#checkOpen();
      }
      seq = end + 1;
    }
  }

  async trim(upTo: number): Promise<void> {
    this.#checkOpen();
    await this.#underWay(this.#trim(upTo));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #append(record: Uint8Array, seq: number): Promise<number> {
    this.#writing = true;
    try {
      const bytes = entryBytes(record.byteLength);
      if (this.#end > SEGMENT_HEADER_BYTES && this.#end + bytes > this.#parts.segmentBytes) await this.#rotate(seq);
      const place = { path: this.#lastSegment.path, offset: this.#end };
      await this.#write(entryOf(record, { seq, offset: this.#end, salt: this.#salt }));
      this.#end += bytes;
      this.#last = seq;
      this.#lastPlace = place;
      return seq;
    } catch (error) {
      const failure = storageError(error, `cannot write ${this.location}`);
      this.#failure = { error: failure };
      throw failure;
    } finally {
      this.#writing = false;
    }
  }

  async #write(entry: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#writer.write(entry, this.#end);
    } catch (error) {
      const failure = storageError(error, `cannot write ${this.location}`);
      // That nothing was written is said when it is so: what was is removed, and that is durable.
      if (failure.code === 'STORE_FULL') await this.#removeWritten(failure);
      throw failure;
    }
  }

  async #removeWritten(full: MillraceError): Promise<void> {
    try {
      await this.#writer.eraseWritten(this.#end);
    } catch (error) {
      throw new MillraceError('STORAGE_FAILED', `${full.message}, and what was written cannot be removed`, {
        cause: error,
        ...(full.advice === undefined ? {} : { advice: full.advice }),
      });
    }
  }

  /** Goes on in a new segment. All of the one before is durable, and the new one lies beside it: in no directory that took its place. */
  async #rotate(first: number): Promise<void> {
    const { directory, name, found, segmentBytes: length } = this.#parts;
    const former = this.#writer;
    former.checkInPlace();
    const path = await makeSegment(directory, { identity: found.identity, first, length }, name);
    try {
      former.checkInPlace();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    this.#writer = await SegmentWriter.open(path);
    this.#place[Symbol.dispose]();
    this.#place = this.#watch(this.#writer);
    this.#segments.push({ path, first });
    this.#end = SEGMENT_HEADER_BYTES;
    await former.close();
  }

  #watch(writer: SegmentWriter): PlaceWatch {
    const watch = new PlaceWatch(writer.place);
    void watch.lost.then((error) => this.#lost.resolve(error));
    return watch;
  }

  /** From the oldest on, each durably, so that those that are left have no hole whenever it ends. The one with the last record stays. */
  async #trim(upTo: number): Promise<void> {
    try {
      while (true) {
        const oldest = this.#segments[0];
        if (oldest === undefined || this.#lastOf(oldest) > upTo || this.#lastOf(oldest) >= this.#last) return;
        await rm(oldest.path, { force: true });
        await syncNewName(oldest.path);
        // Another call may have done the same.
        if (this.#segments[0] === oldest) this.#segments.shift();
      }
    } catch (error) {
      throw storageError(error, `cannot trim ${this.location}`);
    }
  }

  async #readLast(seq: number, { path, offset }: RecordPlace): Promise<LogEntry> {
    const record = await new EntryReader(path, this.#salt, offset).needed(seq);
    return { seq, record };
  }

  get #lastSegment(): Segment {
    const segment = this.#segments.at(-1);
    if (segment === undefined) throw new MillraceError('INTERNAL', 'a log has a segment');
    return segment;
  }

  #segmentOf(seq: number): Segment {
    const segment = this.#segments.findLast(({ first }) => first <= seq);
    if (segment === undefined || seq > this.#last) throw corruptError(`${this.location} has no record ${seq}`);
    return segment;
  }

  /** The seq of its last record. */
  #lastOf(segment: Segment): number {
    const next = this.#segments[this.#segments.indexOf(segment) + 1];
    return next === undefined ? this.#last : next.first - 1;
  }

  #underWay<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call);
    const over = (): void => void this.#calls.delete(call);
    call.then(over, over);
    return call;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    this.#place[Symbol.dispose]();
    await this.#writer.close();
    this.#parts.onClosed();
    // behind the last append, which may be awaited by nobody
    this.#writer.checkInPlace();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new MillraceError('INVALID_STATE', `${this.location} is closed`);
  }
}
