import type { Counter, Histogram, Metrics } from '../../../metrics/metrics.js';
import type { DropReason } from '../queue/queue-outcome.js';

/** Seconds: from a broker in the same machine to one on another continent that is under load. */
const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a sink counts, under the label `sink`. */
export interface SinkMetrics {
  /** Publishes: a message that is published anew after a refusal (R20) counts again, a re-send after a cut does not (L2). */
  readonly messages: Counter;
  /** Of their payloads. */
  readonly bytes: Counter;
  /** PUBACK or PUBCOMP came (R16). */
  readonly delivered: Counter;
  /** QoS 0 whose bytes left for the kernel. */
  readonly unconfirmed: Counter;
  /** By the broker, when retries do not help, or by us before anything was sent. */
  readonly refused: Counter;
  /** Refused for now (R20). */
  readonly retried: Counter;
  /** QoS 2 answered by PUBACK. */
  readonly downgraded: Counter;
  /** Findings of a search (R20a), several for one message. */
  readonly suspected: Counter;
  /** Messages, before a 3.x broker. */
  readonly propertiesDropped: Counter;
  /** Done without the broker's word, by their reason. */
  readonly dropped: Readonly<Record<DropReason, Counter>>;
  /** Seconds. */
  readonly ackLatency: Histogram;
}

/** The instruments of the sink with this name. `inflight` and `buffered` are asked when metrics are read. */
export const sinkMetrics = (
  metrics: Metrics,
  sink: string,
  read: { readonly inflight: () => number; readonly buffered: () => number },
): SinkMetrics => {
  const labels = { sink };
  const counter = (name: string, help: string): Counter => metrics.counter(`millrace_sink_${name}`, help, labels);
  const dropped = (reason: DropReason): Counter =>
    metrics.counter('millrace_sink_dropped_total', 'Messages given up by a policy or by QoS 0', { ...labels, reason });
  metrics.gauge('millrace_sink_inflight', 'Messages that the broker has not confirmed', labels).collect(read.inflight);
  metrics.gauge('millrace_sink_buffered', 'Messages that wait above the window', labels).collect(read.buffered);
  return {
    messages: counter('messages_total', 'Messages published, without those that the session sent again'),
    bytes: counter('payload_bytes_total', 'Payload bytes published'),
    delivered: counter('delivered_total', 'Messages confirmed by PUBACK or PUBCOMP'),
    unconfirmed: counter('unconfirmed_total', 'QoS 0 messages written: nothing confirms them'),
    refused: counter('refused_total', 'Messages rejected by the broker or before they were sent'),
    retried: counter('retried_total', 'Refused messages that are published again'),
    downgraded: counter('downgraded_total', 'QoS 2 messages that the broker took at QoS 1, for it has no QoS 2'),
    suspected: counter(
      'suspected_total',
      'Findings about a message at which the broker may end connections: suspected, blamed, acquitted',
    ),
    propertiesDropped: counter('properties_dropped_total', 'Messages whose properties a 3.x connection cannot carry'),
    dropped: {
      'offline-overflow': dropped('offline-overflow'),
      'session-lost': dropped('session-lost'),
      'connection-lost': dropped('connection-lost'),
      expired: dropped('expired'),
    },
    ackLatency: metrics.histogram(
      'millrace_sink_ack_latency_seconds',
      'From publish to PUBACK or PUBCOMP, sampled: one message at a time',
      LATENCY_BUCKETS,
      labels,
    ),
  };
};
