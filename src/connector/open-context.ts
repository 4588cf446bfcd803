import type { Metrics } from '../metrics/metrics.js';
import type { DurableContext } from './durable-context.js';
import type { ProcessingGuarantee } from './processing-guarantee.js';

/** Which of the partitions of a job something belongs to. */
export interface PartitionOf {
  /** From 0. */
  readonly index: number;
  /** How many the job has. */
  readonly count: number;
}

/** Of a job that is not divided. */
export const ONLY_PARTITION: PartitionOf = { index: 0, count: 1 };

/** What a source or sink is told when it is opened. */
export interface OpenContext {
  /** The job's name; 'standalone' without an engine. */
  readonly job: string;
  /** What it must give: `refuse` was asked before. */
  readonly guarantee: ProcessingGuarantee;
  /** Where it counts. */
  readonly metrics: Metrics;
  /** Aborts opening, which is waited for 10 s longer; afterwards `close` ends the reader or writer. */
  readonly signal: AbortSignal;
  /**
   * For which partition it is opened, each of which has its own: what only one may use, a client id, say, has to differ. Absent without an
   * engine: there is one.
   */
  readonly partition?: PartitionOf | undefined;
  /** For a source: the `state` of the snapshot that was committed last. Absent on a first start and in a job without a store. */
  readonly restored?: unknown;
  /** For a source: all pages that its snapshots have stored, by name. Absent before the first commit and in a job without a store. */
  readonly restoredPages?: ReadonlyMap<string, Uint8Array>;
  /** Only in a job with a store. */
  readonly durable?: DurableContext;
}
