import type { Counter, Gauge, Metrics } from '../../metrics/metrics.js';

/** What an MQTT source counts, each with the label `source`. */
export interface SourceMetrics {
  readonly messages: Counter;
  readonly bytes: Counter;
  readonly redelivered: Counter;
  readonly again: Counter;
  readonly superseded: Counter;
  readonly dropped: Counter;
  readonly rejected: Counter;
  readonly malformed: Counter;
  readonly propertiesDropped: Counter;
  readonly unmatched: Counter;
  readonly lowerQos: Counter;
  readonly sessionsSuspect: Counter;
  readonly bufferedMessages: Gauge;
  readonly bufferedBytes: Gauge;
  readonly unacknowledged: Gauge;
}

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
    bufferedMessages: gauge('buffered_messages', 'Messages received and not polled yet'),
    bufferedBytes: gauge('buffered_bytes', 'Bytes received and not polled yet'),
    unacknowledged: gauge('unacknowledged_messages', 'QoS 1 and 2 messages polled and not acknowledged yet'),
  };
};
