import type { Counter, Labels, Metrics } from '../../metrics/metrics.js';

/** What a connection counts. */
export interface ConnectionMetrics {
  /** CONNACKs that accepted us, but for those of discards and control connections. */
  readonly connects: Counter;
  /** Of these, all but the first in this process. */
  readonly reconnects: Counter;
  /** Attempts that ended without one. */
  readonly failures: Counter;
  /** As they are found out (R5), those that went back included (R5c). */
  readonly sessionsLost: Counter;
  /** Bytes, of discards and control connections, too. */
  readonly received: Counter;
  /** As `received`, counted when they are given to the transport. */
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
