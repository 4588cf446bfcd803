import type { LocalView } from '../local-view.js';
import type { PartitionLog } from '../partition-log.js';
import type { SnapshotBlobs } from '../snapshot-blobs.js';
import { readSnapshotRecord, restore } from './restore.js';

/** A view, and the log that it is to have. */
export interface Standing {
  readonly log: PartitionLog;
  readonly view: LocalView;
  readonly blobs: SnapshotBlobs;
  /** The seq of the last snapshot record; 0: there is none. */
  readonly snapshot: number;
}

/** What a view stands on then. */
export interface BroughtUp {
  /** From what the view had, from a snapshot, or from the log alone. */
  readonly from: 'view' | 'snapshot' | 'log';
  /** Bytes of the log that the last snapshot covers. */
  readonly covered: number;
  /** Of the snapshot; 0: there is none. */
  readonly snapshotBytes: number;
}

/**
 * Makes the view one whose rest is in the log: that may have lost what the last snapshot covers.
 * @throws MillraceError STORE_CORRUPT, and those of log, view and blobs
 */
export async function bringUp({ log, view, blobs, snapshot }: Standing): Promise<BroughtUp> {
  const isEmpty = view.applied.seq === 0;
  if (snapshot === 0) return { from: isEmpty ? 'log' : 'view', covered: 0, snapshotBytes: 0 };
  const record = await readSnapshotRecord(log, snapshot);
  const sizes = { covered: record.from.bytes, snapshotBytes: record.bytes };
  if (view.applied.seq >= record.from.seq) return { from: 'view', ...sizes };
  await restore(view, blobs, record);
  return { from: 'snapshot', ...sizes };
}
