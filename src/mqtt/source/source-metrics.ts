import type { Counter, Gauge, Metrics } from '../../metrics/metrics.js';
import { LatencySample } from './latency-sample.js';

/** Seconds: from a local broker and a job without a store to a sink that is behind by minutes. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** What an MQTT source counts, each with the label `source`. */
export interface SourceMetrics {
  /** At any QoS, those that are rejected or match nothing included. */
  readonly messages: Counter;
  /** Of their payloads. */
  readonly bytes: Counter;
  /** DUP 1. */
  readonly redelivered: Counter;
  /** As `message-again` (R2b): they are in none of the others. */
  readonly again: Counter;
  /** Unpolled QoS 1, let go because a kept session sends it all again. */
  readonly superseded: Counter;
  /** QoS 0, by `qos0Overflow`. */
  readonly dropped: Counter;
  /** Polled, and no item: for `onError`. */
  readonly rejected: Counter;
  /** By the specification (R22), when they come. */
  readonly malformed: Counter;
  /** Messages of which a tolerant decoder left a property out (R22). */
  readonly propertiesDropped: Counter;
  /** Of filters that a kept session had earlier. */
  readonly unmatched: Counter;
  /** Below what exactly-once needs (R16). */
  readonly lowerQos: Counter;
  /** As `session-suspect` (R5a). */
  readonly sessionsSuspect: Counter;
  /** Held copies of QoS 1 included. */
  readonly bufferedMessages: Gauge;
  /** With the read buffers that they keep: see `MessageQueue`. */
  readonly bufferedBytes: Gauge;
  /** Seconds from the socket to the acknowledgement, of one message at a time. */
  readonly latency: LatencySample;
  /** Polled, and not committed. */
  readonly unacknowledged: Gauge;
}

/** The instruments of the source with this name. */
export const sourceMetrics = (metrics: Metrics, source: string): SourceMetrics => {
  const counter = (name: string, help: string) => metrics.counter(`millrace_source_${name}_total`, help, { source });
  const gauge = (name: string, help: string) => metrics.gauge(`millrace_source_${name}`, help, { source });
  return {
    messages: counter('messages', 'Messages received'),
    bytes: counter('payload_bytes', 'Payload bytes received'),
    redelivered: counter('redelivered', 'Messages received with DUP 1: the broker sent them before'),
    again: counter(
      'again',
      'QoS 2 messages that the broker sent again although they were finished: answered, not processed',
    ),
    superseded: counter('superseded', 'QoS 1 messages given up unpolled because the broker sends them again'),
    dropped: counter('dropped', 'QoS 0 messages dropped by the overflow policy'),
    rejected: counter('rejected', 'Messages that are no items: malformed ones, and those that a function failed on'),
    malformed: counter('malformed', 'Messages that are malformed, and so given to onError'),
    propertiesDropped: counter(
      'properties_dropped',
      'Messages of which a property was left out, because its value means nothing',
    ),
    unmatched: counter('unmatched', 'Messages acknowledged because they match no current filter'),
    lowerQos: counter('lower_qos', 'Messages below the QoS that the guarantee needs, because their publisher chose so'),
    sessionsSuspect: counter('sessions_suspect', 'Times that the broker reused an id that we hold'),
    latency: new LatencySample(
      metrics.histogram(
        'millrace_source_latency_seconds',
        'From the receipt of a message until all that it led to is delivered, or with a store durable, sampled: one message at a time',
        LATENCY_BUCKETS,
        { source },
      ),
    ),
    bufferedMessages: gauge('buffered_messages', 'Messages received and not polled yet'),
    bufferedBytes: gauge('buffered_bytes', 'Bytes received and not polled yet'),
    unacknowledged: gauge('unacknowledged_messages', 'QoS 1 and 2 messages polled and not acknowledged yet'),
  };
};
