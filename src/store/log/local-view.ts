import type { StoreBatch, StoreView } from '../store.js';
import type { LogPoint } from './record/log-point.js';

/**
 * What the records of a log lead to, on this machine: a copy that may be lost and is made again. It is written behind the log, so it is
 * never ahead of it (a view that is shows that the *log* has lost something).
 */
export interface LocalView extends StoreView {
  /** Up to which record it has everything; `LOG_START` for an empty one. */
  readonly applied: LogPoint;
  /** Up to which record it may have something: further than `applied` where an `applyBodies` has not come to its end. */
  readonly reached: LogPoint;
  /** Applies batches in their order, and notes `point`: all of it, or after a crash nothing. One call at a time, of this and the next. */
  apply(batches: readonly StoreBatch[], point: LogPoint): Promise<void>;
  /**
   * The same for many changes at once, as the bodies of commits that `countChanges` has looked at, which the caller does not change any more. A
   * crash may leave a part of them, and `point` as what was reached: the view is whole again when the records behind `applied` were applied
   * up to there (C4).
   */
  applyBodies(bodies: readonly Uint8Array[], point: LogPoint): Promise<void>;
  /** Empties it. */
  reset(): Promise<void>;
  /** @param openedAgain by this process, at once: nothing is flushed for it */
  close(openedAgain?: boolean): Promise<void>;
}

/** The views of the partitions that this machine has. */
export interface LocalViews {
  /**
   * Opens one, as far as it can be trusted: of the log that `identity` names, and whole. Any other is emptied first.
   * @param identity what a log has for as long as it is the same one; another log under the same name has another
   * @throws MillraceError STORE_LOCKED, STORE_FULL, STORAGE_FAILED
   */
  open(job: string, partition: number, identity: string): Promise<LocalView>;
  close(): Promise<void>;
}
