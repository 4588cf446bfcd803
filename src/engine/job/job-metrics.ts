import type { Metrics } from '../../metrics/metrics.js';
import { isReadable, type MetricsSnapshot } from '../../metrics/metrics-snapshot.js';
import { type InFlight, NOTHING_IN_FLIGHT } from '../tick/in-flight.js';
import type { JobTallies } from '../tick/job-tallies.js';
import { NOTHING_STORED, type StoredMessages } from '../tick/stored-messages.js';

/** A job's numbers as they stand. Totals are over all runs of the job. */
export interface JobMetrics {
  /** Items taken from the sources. */
  readonly itemsReceived: number;
  /** Items whose effects are complete (guarantee `none`: the same, though they were acknowledged on receipt). */
  readonly itemsAcknowledged: number;
  /** Items taken by the sinks, dead letters included. */
  readonly itemsWritten: number;
  /** Items that the destinations have confirmed. */
  readonly itemsDelivered: number;
  /** Rejected items that were dropped, as `onError` said. */
  readonly itemsSkipped: number;
  /** Rejected items that went to a dead-letter sink. */
  readonly itemsDeadLettered: number;
  /** Items that came when all their windows had ended; `lateItems` of the stage says where they go. */
  readonly itemsLate: number;
  /** Inputs taken and not complete. */
  readonly itemsInFlight: number;
  /** Their bytes, as the sources count them. */
  readonly bytesInFlight: number;
  /** Outputs that wait for a sink and items that wait for a mapAsync call. */
  readonly itemsWaiting: number;
  /**
   * Messages in the outboxes: stored, or about to be, and not known to be delivered. 0 without a store. As the last run left it while there
   * is none.
   */
  readonly outboxMessages: number;
  /** Their bytes on disk. */
  readonly outboxBytes: number;
  /** Commits of all runs; 0 without a store. */
  readonly commits: number;
  /** Every instrument of the job's registry, those of its connectors too; empty when the job was given a metrics port that cannot be read. */
  readonly samples: MetricsSnapshot;
  /** Whether they are of a registry of the job's own; one that it was given may have what others count, too. */
  readonly ownSamples: boolean;
}

export const NO_RUN: RunFigures = { inFlight: NOTHING_IN_FLIGHT, stored: NOTHING_STORED };

/** What is asked of the present run, if there is one. */
export interface RunFigures {
  /** In memory. */
  readonly inFlight: InFlight;
  /** In the outboxes. */
  readonly stored: StoredMessages;
}

/** Where a job counts. */
interface CountedIn {
  readonly metrics: Metrics;
  /** It was given none. */
  readonly ownMetrics: boolean;
}

export const readJobMetrics = (
  tallies: JobTallies,
  { inFlight, stored }: RunFigures,
  { metrics, ownMetrics }: CountedIn,
): JobMetrics => ({
  itemsReceived: tallies.received.value,
  itemsAcknowledged: tallies.acknowledged.value,
  itemsWritten: tallies.written.value,
  itemsDelivered: tallies.delivered.value,
  itemsSkipped: tallies.skipped.value,
  itemsDeadLettered: tallies.deadLettered.value,
  itemsLate: tallies.late.value,
  itemsInFlight: inFlight.inFlightItems,
  bytesInFlight: inFlight.inFlightBytes,
  itemsWaiting: inFlight.waitingItems,
  outboxMessages: stored.messages,
  outboxBytes: stored.bytes,
  commits: tallies.commits.value,
  samples: isReadable(metrics) ? metrics.snapshot() : [],
  ownSamples: ownMetrics,
});
