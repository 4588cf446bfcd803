import type { Metrics } from '../../metrics/metrics.js';
import { LateTally } from './late-tally.js';
import { Tally } from './tally.js';

/** What a job counts over all its runs. */
export interface JobTallies {
  /** Items taken from the sources. */
  readonly received: Tally;
  /** Items whose effects are complete. */
  readonly acknowledged: Tally;
  /** Items taken by the sinks, or made rows of. */
  readonly written: Tally;
  /** Items that the destinations have confirmed. */
  readonly delivered: Tally;
  /** Rejected items that were dropped. */
  readonly skipped: Tally;
  /** Rejected items that went to a dead-letter sink. */
  readonly deadLettered: Tally;
  /** Items that came too late for their windows. */
  readonly late: LateTally;
  /** Copies that were dropped. */
  readonly deduplicated: Tally;
  /** Items whose copies cannot be told. */
  readonly withoutKey: Tally;
  /** Commits that are durable, those of staged rows too. */
  readonly commits: Tally;
  /** Runs behind a failed one. */
  readonly restarts: Tally;
}

export const createTallies = (metrics: Metrics, job: string): JobTallies => {
  const tally = (name: string, help: string): Tally => new Tally(metrics.counter(name, help, { job }));
  return {
    received: tally('millrace_job_items_received_total', 'Items taken from the sources'),
    acknowledged: tally('millrace_job_items_acknowledged_total', 'Items acknowledged to the sources'),
    written: tally('millrace_job_items_written_total', 'Items taken by the sinks'),
    delivered: tally('millrace_job_items_delivered_total', 'Items that the destinations have confirmed'),
    skipped: tally('millrace_job_items_skipped_total', 'Rejected items that were skipped'),
    deadLettered: tally('millrace_job_items_dead_lettered_total', 'Rejected items sent to a dead-letter sink'),
    late: new LateTally(
      metrics.counter('millrace_job_items_late_total', 'Items that came when all their windows had ended', { job }),
    ),
    commits: tally('millrace_job_commits_total', 'Commits of ticks to the store'),
    restarts: tally('millrace_job_restarts_total', 'Runs that began because the one before had failed'),
    deduplicated: tally('millrace_job_items_deduplicated_total', 'Items dropped because their key was taken before'),
    withoutKey: tally(
      'millrace_job_items_without_key_total',
      'Items for which deduplicateBy gave no key, so that their copies cannot be told',
    ),
  };
};
