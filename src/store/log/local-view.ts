import type { StoreBatch, StoreView } from '../store.js';
import type { LogPoint } from './record/log-point.js';

/**
 * What the records of a log lead to, on this machine: a copy that may be lost and is made again. It is written behind the log, so it is
 * never ahead of it (a view that is shows that the *log* has lost something).
 */
export interface LocalView extends StoreView {
  /** Up to which record it has everything; `LOG_START` for an empty one. */
  readonly applied: LogPoint;
  /** Applies batches in their order, and notes `point`: all of it, or after a crash nothing. One call at a time. */
  apply(batches: readonly StoreBatch[], point: LogPoint): Promise<void>;
  /** Empties it. */
  reset(): Promise<void>;
  close(): Promise<void>;
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
