/**
 * Where snapshots of one partition are kept, beside its log. A blob counts only when a record of the log names it, so that one that a
 * crash or a former owner left is garbage and nothing else.
 */
export interface SnapshotBlobs {
  /**
   * Resolves when all of it is durable; a blob that is not complete is never seen. @throws MillraceError STORE_FULL, STORAGE_FAILED,
   * CLUSTER_UNREACHABLE
   */
  put(name: string, slices: AsyncIterable<Uint8Array>): Promise<void>;
  /** Its bytes, in pieces of any size. @throws MillraceError STORE_CORRUPT when it is not there, or not what was put */
  get(name: string): AsyncIterable<Uint8Array>;
  /** Removes it, if it is there. */
  remove(name: string): Promise<void>;
  /** The names of those that are complete. */
  list(): Promise<readonly string[]>;
}
