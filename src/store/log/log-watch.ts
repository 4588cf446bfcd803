import { MillraceError } from '../../errors/index.js';
import type { LogWriter } from './log-writer.js';
import { readSnapshotRecord } from './opening/restore.js';
import type { PartitionLog } from './partition-log.js';
import type { Snapshotter } from './snapshot/snapshotter.js';

/** Between two looks, in milliseconds, if nothing else is said. */
export const DEFAULT_LOOK_MS = 10_000;
/** A server that has just started may not know yet what it has: that a log is gone counts when it was said so often, with such a pause. */
const SURE = 3;
const AGAIN_MS = 2_000;

/** What is watched, and by whom. */
export interface LogWatchParts {
  readonly log: PartitionLog;
  /** Asks for `wholeFrom` of the log. */
  readonly wholeFrom: () => Promise<number>;
  readonly writer: Pick<LogWriter, 'snapshot'>;
  readonly snapshots: Pick<Snapshotter, 'coveredTo' | 'takeNow'>;
  /** Resolves when the log has said that it is ours still. */
  readonly prove: () => Promise<void>;
  /** Records were removed that an opening would need; a snapshot is taken in their place. */
  readonly removed: () => void;
  /** There is no log any more, or another one. */
  readonly gone: (error: MillraceError) => void;
  readonly lookMs: number;
}

/**
 * Looks now and then whether a log still has what an opening needs, where somebody else can remove it. Its owner has all that was in it, and
 * appends go on as if nothing had happened: so it takes a snapshot, behind a record that only an owner can write, and nobody needs what was
 * removed. A log that is gone as a whole cannot be made anew: two who believe that it is theirs could not be told from each other.
 */
export class LogWatch {
  readonly #parts: LogWatchParts;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** How often in a row it was not there. */
  #missed = 0;

  constructor(parts: LogWatchParts) {
    this.#parts = parts;
    this.#later(parts.lookMs);
  }

  /** Looks no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #later(ms: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#look(), ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { lookMs, wholeFrom, gone } = this.#parts;
    try {
      const first = await wholeFrom();
      this.#missed = 0;
      if (first > 1 && first > (await this.#coveredTo(first)) + 1) await this.#mend();
    } catch (thrown) {
      const error = MillraceError.from(thrown);
      this.#missed = error.code === 'STORE_CORRUPT' ? this.#missed + 1 : 0;
      if (this.#missed === SURE && !this.#closed) return gone(error);
    }
    this.#later(this.#missed > 0 ? Math.min(AGAIN_MS, lookMs) : lookMs);
  }

  async #mend(): Promise<void> {
    const { prove, removed, snapshots } = this.#parts;
    try {
      await prove();
    } catch {
      return; // another has it, which trims it as it likes, or the servers are away: commits say so
    }
    removed();
    await snapshots.takeNow();
  }

  /** Asked behind `wholeFrom`: a snapshot may have been taken meanwhile, and the log trimmed. */
  async #coveredTo(first: number): Promise<number> {
    const { log, writer, snapshots } = this.#parts;
    const { snapshot } = writer;
    let before = 0;
    // that of an earlier owner; where its record is gone, so is what it covers
    if (snapshots.coveredTo === undefined && snapshot >= first)
      before = await readSnapshotRecord(log, snapshot).then(
        ({ from }) => from.seq,
        () => 0,
      );
    return snapshots.coveredTo ?? before;
  }
}
