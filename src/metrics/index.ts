/*
 * What is told to those who watch: `metrics.ts` is the port, `metrics-registry.ts` the default behind it, `diagnostics.ts` the named
 * events. A metric stands beside what it counts, not here. Every layer but the protocol may import it.
 */

export type { DiagnosticPayloads } from './diagnostic-payloads.js';
export {
  DIAGNOSTIC_NAMES,
  type DiagnosticData,
  type DiagnosticName,
  hasDiagnosticSubscribers,
  onDiagnostic,
  publishDiagnostic,
} from './diagnostics.js';
export { type Logger, type LogOptions, logTo } from './log/log-to.js';
export type { Counter, Gauge, Histogram, Labels, Metrics } from './metrics.js';
export { MetricsRegistry } from './metrics-registry.js';
export type { HistogramSnapshot, MetricSample, MetricsSnapshot, ReadableMetrics } from './metrics-snapshot.js';
