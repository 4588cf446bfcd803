import type { JobMetrics } from '../../engine/job/job-metrics.js';
import type { JobPlan } from '../../engine/job/job-plan.js';
import type { JobStatus } from '../../engine/job/job-status.js';
import type { ToldConnection } from '../told/told-connections.js';
import type { ToldEvent } from '../told/told-events.js';
import type { ToldTable } from '../told/told-tables.js';
import type { JobRates } from './job-rates.js';
import type { PartFigures } from './part-figures.js';
import type { StandingWindow } from './standing-windows.js';

/** A job that has not ended, as far as it is counted and told of. */
export interface JobFigures extends PartFigures {
  /** As it was given to `newJob`. */
  readonly name: string;
  /** Where it stands. */
  readonly status: JobStatus;
  /** What it is made of. */
  readonly plan: JobPlan;
  /** Totals over all runs, and what is in flight now: as `JobMetrics` has them. */
  readonly counts: Omit<JobMetrics, 'samples' | 'ownSamples'>;
  /** Since the look before. */
  readonly rates: JobRates;
  /** Of the sinks that have one, and whether they move. */
  readonly windows: readonly StandingWindow[];
  /** The clients of its sources and sinks at their brokers, as far as they were told of since the server began. */
  readonly sessions: readonly ToldConnection[];
  /** Tables for whose first rows it waits before it begins, as far as that was told since the server began. */
  readonly awaitedTables: readonly ToldTable[];
  /** The last 50, the oldest first. */
  readonly events: readonly ToldEvent[];
  /** Those of them that had an error, the last 10. */
  readonly errors: readonly ToldEvent[];
}

/** A job that has not ended. */
export interface JobSnapshot extends JobFigures {
  /** Why not everything goes its way, as sentences; empty when it does. */
  readonly reasons: readonly string[];
}
