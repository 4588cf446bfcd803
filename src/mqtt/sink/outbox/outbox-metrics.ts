import type { Counter, Metrics } from '../../../metrics/metrics.js';

/** What the outboxes of a sink count besides what every sink does, under the label `sink`. */
export interface OutboxMetrics {
  /** In flight when a connection began. */
  readonly resent: Counter;
  /** Given up at a start, by the policy `drop` (R17). */
  readonly inDoubtDropped: Counter;
  /** Taken for delivered in a session that nobody could verify (R5a). */
  readonly unverified: Counter;
}

/** Asked when metrics are read. */
export interface OutboxGauges {
  /** PUBRECs that no commit has yet (R9). */
  readonly unreleased: () => number;
}

/** The instruments of the outboxes of the sink with this name. */
export const outboxMetrics = (metrics: Metrics, sink: string, read: OutboxGauges): OutboxMetrics => {
  const labels = { sink };
  metrics
    .gauge('millrace_sink_outbox_unreleased', 'Messages that the broker has, whose PUBREC waits for a commit', labels)
    .collect(read.unreleased);
  return {
    resent: metrics.counter(
      'millrace_sink_resent_total',
      'Messages in flight when a connection began: they, or their PUBREL, are sent again',
      labels,
    ),
    unverified: metrics.counter(
      'millrace_sink_unverified_total',
      'Messages counted as delivered that a lost session may have taken with it',
      labels,
    ),
    inDoubtDropped: metrics.counter('millrace_sink_dropped_total', 'Messages given up by a policy or by QoS 0', {
      ...labels,
      reason: 'session-lost',
    }),
  };
};
