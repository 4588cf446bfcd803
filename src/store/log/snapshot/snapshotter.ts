import type { MillraceError } from '../../../errors/index.js';
import { storageError } from '../../storage-error.js';
import type { LocalView } from '../local-view.js';
import type { PartitionLog } from '../partition-log.js';
import type { LogPoint } from '../record/log-point.js';
import type { SnapshotBlobs } from '../snapshot-blobs.js';
import { encodeSnapshot } from './snapshot-codec.js';
import { isSnapshotDue, type SnapshotSizes } from './snapshot-policy.js';
import { blobName, encodeSnapshotRecord } from './snapshot-record.js';

/** Above every key: the longest is shorter. */
const ABOVE_ALL = '\u{10ffff}'.repeat(400);

/** What a snapshotter works with. */
export interface SnapshotterParts {
  readonly log: PartitionLog;
  readonly view: LocalView;
  readonly blobs: SnapshotBlobs;
  readonly epoch: number;
  /** See `isSnapshotDue`. */
  readonly leastBytes: number;
  /** Appends the record behind the commits that wait. */
  readonly append: (body: Buffer) => Promise<void>;
  /** A snapshot failed before its record: nothing is lost, and the log grows until the next one. */
  readonly failed: (error: MillraceError) => void;
}

/**
 * Takes a snapshot of the view when the log has grown enough, beside the commits, and trims the log behind it.
 *
 * C4. It is fuzzy: while the view is read, commits go into it. They are absolute, and all records behind `from`, which the view had when
 * reading began, are applied over the snapshot again, so that the result is that of the records alone.
 *
 * A blob counts when a record names it, and that record is fenced like every other; and only blobs with lower names, which no later
 * record can name, are removed. So what a former owner still does harms nobody.
 */
export class Snapshotter {
  readonly #parts: SnapshotterParts;
  #logBytes: number;
  #snapshotBytes: number;
  /** Never rejects. */
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(parts: SnapshotterParts, sizes: SnapshotSizes) {
    this.#parts = parts;
    this.#logBytes = sizes.logBytes;
    this.#snapshotBytes = sizes.snapshotBytes;
  }

  /** The log has grown. */
  grown(bytes: number): void {
    this.#logBytes += bytes;
    if (this.#closed || this.#running !== undefined || !this.#isDue()) return;
    this.#running = this.#take().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when none is under way; one that is ends early. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #isDue(): boolean {
    return isSnapshotDue({ logBytes: this.#logBytes, snapshotBytes: this.#snapshotBytes }, this.#parts.leastBytes);
  }

  async #take(): Promise<void> {
    const { epoch, view, blobs, failed } = this.#parts;
    const from = view.applied;
    const covered = this.#logBytes;
    const blob = blobName(epoch, from);
    let bytes = 0;
    const count = (slice: Buffer): void => {
      bytes += slice.byteLength;
    };
    try {
      await blobs.put(blob, this.#slices(count));
    } catch (error) {
      // as if it had been taken: the next one is tried when the log has grown as much again
      this.#logBytes = 0;
      if (!this.#closed) failed(storageError(error, `a snapshot of ${this.#parts.log.location} failed`));
      return;
    }
    await this.#count({ blob, from, bytes }, covered);
  }

  async #count(record: { blob: string; from: LogPoint; bytes: number }, covered: number): Promise<void> {
    const { log, blobs, append, failed } = this.#parts;
    try {
      await append(encodeSnapshotRecord(record));
    } catch {
      return; // the store is dead, and its commits say so
    }
    this.#logBytes -= covered;
    this.#snapshotBytes = record.bytes;
    try {
      await log.trim(record.from.seq);
      for (const name of await blobs.list()) if (name < record.blob) await blobs.remove(name);
    } catch (error) {
      if (!this.#closed) failed(storageError(error, `${log.location} could not be trimmed`));
    }
  }

  /** In between, the commits have their turns. */
  async *#slices(count: (slice: Buffer) => void): AsyncGenerator<Buffer, void> {
    for (const slice of encodeSnapshot(this.#parts.view.range('', ABOVE_ALL))) {
      if (this.#closed) throw new Error('the store is being closed');
      count(slice);
      yield slice;
      await new Promise(setImmediate);
    }
  }
}
