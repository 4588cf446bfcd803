import type { Counter, Labels, Metrics } from '../../metrics/metrics.js';

/** What a connection counts. */
export interface ConnectionMetrics {
  readonly connects: Counter;
  readonly reconnects: Counter;
  readonly failures: Counter;
  readonly sessionsLost: Counter;
  readonly received: Counter;
  readonly sent: Counter;
}

/** The instruments of one connection. `connected` is asked whenever metrics are read. */
export function connectionMetrics(metrics: Metrics, labels: Labels, connected: () => boolean): ConnectionMetrics {
  metrics
    .gauge('millrace_connected', '1 while the broker has accepted the connection', labels)
    .collect(() => Number(connected()));
  const counter = (name: string, help: string): Counter => metrics.counter(name, help, labels);
  return {
    connects: counter('millrace_connects_total', 'Connections that the broker accepted'),
    reconnects: counter('millrace_reconnects_total', 'Connections that the broker accepted after an earlier one'),
    failures: counter('millrace_connect_failures_total', 'Attempts to connect that failed'),
    sessionsLost: counter('millrace_sessions_lost_total', 'Sessions that the broker lost'),
    received: counter('millrace_received_bytes_total', 'Bytes from the broker'),
    sent: counter('millrace_sent_bytes_total', 'Bytes to the broker'),
  };
}
