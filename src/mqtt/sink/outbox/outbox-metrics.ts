import type { Counter, Metrics } from '../../../metrics/metrics.js';

/** What the outboxes of a sink count besides what every sink does, under the label `sink`. */
export interface OutboxMetrics {
  readonly resent: Counter;
  readonly inDoubtDropped: Counter;
  readonly unverified: Counter;
}

/** Asked when metrics are read. */
export interface OutboxGauges {
  readonly undone: () => number;
  readonly unreleased: () => number;
}

/** The instruments of the outboxes of the sink with this name. */
export const outboxMetrics = (metrics: Metrics, sink: string, read: OutboxGauges): OutboxMetrics => {
  const labels = { sink };
  metrics.gauge('millrace_sink_outbox_rows', 'Messages that are stored and not delivered', labels).collect(read.undone);
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
