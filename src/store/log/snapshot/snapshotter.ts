import type { MillraceError } from '../../../errors/index.js';
import { storageError } from '../../storage-error.js';
import type { LocalView } from '../local-view.js';
import type { PartitionLog } from '../partition-log.js';
import type { LogPoint } from '../record/log-point.js';
import type { SnapshotBlobs } from '../snapshot-blobs.js';
import { isSnapshotDue, type SnapshotSizes } from './snapshot-policy.js';
import { blobName, encodeSnapshotRecord } from './snapshot-record.js';
import { snapshotSlices } from './snapshot-slices.js';

/** What a snapshotter works with. */
export interface SnapshotterParts {
  readonly log: PartitionLog;
  readonly view: LocalView;
  /** Resolves when the view has what the log has, as far as it can be written. */
  readonly catchUp: () => Promise<void>;
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
  #coveredTo: number | undefined;
  /** Never rejects. */
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(parts: SnapshotterParts, sizes: SnapshotSizes) {
    this.#parts = parts;
    this.#logBytes = sizes.logBytes;
    this.#snapshotBytes = sizes.snapshotBytes;
  }

  /** The seq up to which the last one that was taken here has everything; undefined: none was. */
  get coveredTo(): number | undefined {
    return this.#coveredTo;
  }

  /** The log has grown. */
  grown(bytes: number): void {
    this.#logBytes += bytes;
    if (!this.#closed && this.#running === undefined && this.#isDue()) void this.#begin();
  }

  /** Takes one that begins now, whether it is due or not. Never rejects. */
  async takeNow(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (!this.#closed) await this.#begin();
  }

  /** Resolves when none is under way; one that is ends early. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #begin(): Promise<void> {
    const running = this.#take().finally(() => {
      this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  #isDue(): boolean {
    return isSnapshotDue({ logBytes: this.#logBytes, snapshotBytes: this.#snapshotBytes }, this.#parts.leastBytes);
  }

  async #take(): Promise<void> {
    const { epoch, view, catchUp, blobs, failed } = this.#parts;
    const covered = this.#logBytes;
    // else what the log has and the view has not would be read again at each opening
    await catchUp();
    const from = view.applied;
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
    this.#coveredTo = record.from.seq;
    try {
      await log.trim(record.from.seq);
      for (const name of await blobs.list()) if (name < record.blob) await blobs.remove(name);
    } catch (error) {
      if (!this.#closed) failed(storageError(error, `${log.location} could not be trimmed`));
    }
  }

  async *#slices(count: (slice: Buffer) => void): AsyncGenerator<Buffer, void> {
    for await (const slice of snapshotSlices(this.#parts.view)) {
      if (this.#closed) throw new Error('the store is being closed');
      count(slice);
      yield slice;
    }
  }
}
