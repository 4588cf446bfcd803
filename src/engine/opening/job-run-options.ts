import type { OpenContext } from '../../connector/open-context.js';
import type { PipelineGraph } from '../../pipeline/vertex.js';
import type { StoreProvider } from '../../store/store.js';

import type { JobTallies } from '../tick/job-tallies.js';

/** The bounds of one outbox. */
export interface OutboxLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** What a run of a job is told. */
export interface JobRunOptions extends Pick<OpenContext, 'job' | 'guarantee' | 'metrics'> {
  readonly graph: PipelineGraph;
  /** Which partition of the job this run is: it has a store of its own. */
  readonly partition: number;
  /** Parts that are gone and whose stored messages, calls, state and positions are given up. */
  readonly giveUp: readonly string[];
  readonly tallies: JobTallies;
  readonly drainTimeoutMs: number;
  readonly maxItemsInFlight: number;
  readonly maxBytesInFlight: number;
  /** Bounds of each outbox of a durable job. */
  readonly outboxLimits: OutboxLimits;
  /** Where the job keeps its state; undefined for one that keeps none. */
  readonly stores: StoreProvider | undefined;
}
