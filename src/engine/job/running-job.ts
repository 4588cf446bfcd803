import type { JobSnapshot } from '../snapshot/job-snapshot.js';
import type { JobMetrics } from './job-metrics.js';
import type { JobPlan } from './job-plan.js';
import type { JobStatus } from './job-status.js';

/** A job of any engine. On a cluster what is asked of it is asked of the job everywhere, whichever node is asked. */
export interface RunningJob extends AsyncDisposable {
  /** What is stored goes by it. */
  readonly name: string;
  /** Does not change once it is COMPLETED or FAILED. */
  readonly status: JobStatus;
  /** What it is made of: the same for as long as it lives. */
  readonly plan: JobPlan;
  /** Resolves when the job has completed; rejects with the error that failed it, ABORTED when it was cancelled. */
  join(): Promise<void>;
  /** Resolves when the job runs. Rejects when it ends before. */
  whenRunning(): Promise<void>;
  /** Stops at once. What is in flight is not acknowledged. Resolves when all is closed. */
  cancel(reason?: unknown): Promise<void>;
  /** Stops gracefully, until `resume`. Resolves with true when everything in flight was delivered, or stored. */
  suspend(): Promise<boolean>;
  /** Starts a suspended job again. Resolves when it runs. */
  resume(): Promise<void>;
  /** Suspends and resumes. Resolves when it runs again. */
  restart(): Promise<void>;
  /** Stops gracefully for good: the job completes. Resolves with true when everything in flight was delivered, or stored. */
  drain(): Promise<boolean>;
  /**
   * Exports the state of the job under a name, as of one commit, while it goes on: what `initialSnapshot` begins another job with. Resolves when it is
   * durable. A window that was told only since all sources had ended is told again by that job, of what comes there.
   * @throws MillraceError UNSUPPORTED on a cluster, and for a job without a store
   */
  exportSnapshot(name: string): Promise<JobSnapshot>;
  /** The job's numbers as they stand; on a cluster those of this node. */
  metrics(): JobMetrics;
}
