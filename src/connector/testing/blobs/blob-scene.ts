import type { SnapshotBlobs } from '../../../store/log/snapshot-blobs.js';

/** A place for the blobs of one partition, empty at first. */
export interface BlobFixture {
  /** Open. */
  readonly blobs: SnapshotBlobs;
  /** The same place, opened anew. */
  again(): Promise<SnapshotBlobs>;
  /** Changes a byte of a blob where it is kept. */
  damage?(name: string): Promise<void>;
  /** Leaves away the end of a blob where it is kept. */
  cut?(name: string): Promise<void>;
  /** Ends everything that `start` began. */
  stop(): Promise<void> | void;
}

/** The published limits of a place for blobs: a case that one rules out is skipped, with the limit. */
export interface BlobLimits {
  /** Why nobody can change a blob where it is kept. Absent: the fixture has `damage` and `cut`. */
  readonly damage?: string;
}

/** How to make a place for blobs, and its published limits. */
export interface BlobHarness {
  /** Called once for each case that is not skipped. */
  start(): Promise<BlobFixture>;
  /** Empty for a place that has none. */
  readonly limits: BlobLimits;
  /** Milliseconds that a case may take at most, halved. Default 30,000. */
  readonly patienceMs?: number;
}
