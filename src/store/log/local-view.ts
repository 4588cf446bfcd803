import type { StoreBatch, StoreView } from '../store.js';
import type { LogPoint } from './record/log-point.js';

/**
 * What the records of a log lead to, on this machine: a copy that may be lost and is made again. It is written behind the log, so it is
 * never ahead of it (a view that is shows that the *log* has lost something).
 */
export interface LocalView extends StoreView {
  /** Up to which record it has everything; `LOG_START` for an empty one. */
  readonly applied: LogPoint;
  /** Up to which record it may have something: further than `applied` where what was applied has not come to its end. */
  readonly reached: LogPoint;
  /**
   * Applies changes, and notes `point`. Of very many a crash may leave a part, and `point` as what was reached: the view is whole again when
   * the records behind `applied` were applied up to there (C4). The batch is not changed meanwhile. One call at a time, of this and the next.
   */
  apply(batch: StoreBatch, point: LogPoint): Promise<void>;
  /** The same of the bodies of commits, in their order, which `countChanges` has looked at, and which the caller does not change any more. */
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
