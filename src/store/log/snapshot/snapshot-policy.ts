/** How much a log must have grown for a snapshot, if nothing else is said. */
export const DEFAULT_SNAPSHOT_BYTES = 64 * 1024 * 1024;

/** What a log and its last snapshot have. */
export interface SnapshotSizes {
  /** Bytes of the records since the last snapshot. */
  readonly logBytes: number;
  /** Of the last snapshot; 0: there was none. */
  readonly snapshotBytes: number;
}

/**
 * Whether a snapshot is due: when the log has grown by as much as the last one has, and by `leastBytes`. So what is written is at most
 * twice what is committed, and an opening reads at most twice the state, and `leastBytes`.
 */
export const isSnapshotDue = ({ logBytes, snapshotBytes }: SnapshotSizes, leastBytes: number): boolean =>
  logBytes >= Math.max(leastBytes, snapshotBytes);
