import type { MillraceError } from '../../errors/index.js';
import type { SnapshotBlobs } from './snapshot-blobs.js';

/** A record and where it stands. */
export interface LogEntry {
  /** Ascends from record to record, from 1 up; there may be gaps, since a log may write a record in parts. */
  readonly seq: number;
  /** The reader's own. */
  readonly record: Uint8Array;
}

/**
 * The log of one partition: records of bytes, in an order that never changes. Whoever wrote its last record owns the partition, so a log
 * needs no lock: it needs an `append` that lets a record in at one place only. What the bytes mean is `log-record.ts`'s, who may write
 * them `LogWriter`'s.
 *
 * The rules:
 * PL1. A record enters right behind the one at `expected`, or not at all: all of it, once, also when the call is repeated inside.
 * PL2. `append` resolves when the record is durable as this log promises it. STORE_FENCED: another record stands behind `expected`, so
 *     this one is not there and never will be. STORE_FULL, INVALID_OPTIONS: nothing was written. STORAGE_FAILED: the outcome is unknown,
 *     and the caller ends. That a record is not seen never says that it is not there.
 * PL3. `last` may be behind, on a replica for instance, and never ahead: what it gives is durable. It is undefined only where there has
 *     never been a record; a log that had some and has none is STORE_CORRUPT.
 * PL4. `read` gives every record behind `after`, up to that at `upTo`, and waits for those that a replica does not have yet. One that
 *     cannot be had any more is STORE_CORRUPT, never left out.
 * PL5. `trim` removes what nobody needs; records above `upTo` and the last one stay.
 * PL6. `wholeFrom` is there where somebody else can remove records. It may be behind: then it says too little.
 */
export interface PartitionLog {
  /** For messages: where it is. */
  readonly location: string;
  /** What tells it from another log that stood, or will stand, in its place: it is made with the log and never changes. */
  readonly identity: string;
  /** Whether another owner can take it while it is open; false where a lock keeps others away. */
  readonly shared: boolean;
  /** Bytes that a record may have, at least 1 MiB. */
  readonly maxRecordBytes: number;
  /** As `Store.lost`: of a log that can be swapped away. */
  readonly lost?: Promise<MillraceError> | undefined;
  /** The last record. @throws MillraceError CLUSTER_UNREACHABLE, STORE_CORRUPT, STORAGE_FAILED */
  last(): Promise<LogEntry | undefined>;
  /**
   * Lets a record in behind the one at `expected`; 0: as the first one. One call at a time (C1).
   * @returns its seq
   * @throws MillraceError STORE_FENCED, STORE_FULL, STORAGE_FAILED, INVALID_OPTIONS for one that is too large
   */
  append(record: Uint8Array, expected: number): Promise<number>;
  /** The records with `after < seq <= upTo`, ascending. @throws MillraceError STORE_CORRUPT, CLUSTER_UNREACHABLE, STORAGE_FAILED */
  read(after: number, upTo: number): AsyncIterable<LogEntry>;
  /**
   * The seq from which on no record was removed, asked once.
   * @throws MillraceError STORE_CORRUPT where there is no log any more, or another one; CLUSTER_UNREACHABLE
   */
  wholeFrom?(): Promise<number>;
  /** Removes the records up to and with `upTo`. */
  trim(upTo: number): Promise<void>;
  /**
   * Lets go of it; what is in it stays. A call under way settles first. It rejects with STORE_FENCED, when it is closed, where what was opened was
   * swapped away.
   */
  close(): Promise<void>;
}

/** The logs of the partitions of jobs, at one place. */
export interface PartitionLogs {
  /** For messages. */
  readonly location: string;
  /** @throws MillraceError STORE_LOCKED, STORE_CORRUPT, STORE_VERSION, STORAGE_FAILED, CLUSTER_UNREACHABLE */
  open(job: string, partition: number): Promise<PartitionLog>;
  /** The same, of a log that was made before; where others can remove it. It makes none. @throws as `open`; STORE_CORRUPT: it is not there */
  find?(job: string, partition: number): Promise<PartitionLog>;
  /** Where the snapshots of a partition are. */
  blobs(job: string, partition: number): Promise<SnapshotBlobs>;
  /** Closes all. */
  close(): Promise<void>;
}
