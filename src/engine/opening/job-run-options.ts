import type { OpenContext } from '../../connector/open-context.js';
import type { PipelineGraph } from '../../pipeline/vertex.js';
import type { StoreProvider } from '../../store/store.js';

import type { JobTallies } from '../tick/job-tallies.js';

/** The bounds of one outbox. */
export interface OutboxLimits {
  /** Messages that are not known to be delivered. */
  readonly maxRows: number;
  /** Their bytes. */
  readonly maxBytes: number;
}

/** How much state stays in memory that the store has as well. */
export interface StateLimits {
  /** States at once; those that changed are kept beyond it. */
  readonly maxEntries: number;
  /** An estimate of the memory that they take. */
  readonly maxBytes: number;
}

/** What a run of a job is told. */
export interface JobRunOptions extends Pick<OpenContext, 'job' | 'guarantee' | 'metrics'> {
  /** Compiled anew for each run: what is compiled has state. */
  readonly graph: PipelineGraph;
  /** Which partition of the job this run is: it has a store of its own. */
  readonly partition: number;
  /** How many the job has. */
  readonly partitions: number;
  /** Parts that are gone and whose stored messages, calls, state and positions are given up. */
  readonly giveUp: readonly string[];
  /** Stages whose state goes where the pipeline has no place for it. */
  readonly dropState: readonly string[];
  /** With which a job that has nothing yet begins; undefined: with nothing. */
  readonly initialSnapshot: string | undefined;
  /** Of the job, over all its runs. */
  readonly tallies: JobTallies;
  /** How long an end waits for what is in flight. */
  readonly drainTimeoutMs: number;
  /** Of all sources together. */
  readonly maxItemsInFlight: number;
  /** The same in bytes. */
  readonly maxBytesInFlight: number;
  /** Bounds of each outbox of a durable job. */
  readonly outboxLimits: OutboxLimits;
  /** Of all stages with state together, in a durable job. */
  readonly stateLimits: StateLimits;
  /** Where the job keeps its state; undefined for one that keeps none. */
  readonly stores: StoreProvider | undefined;
}
