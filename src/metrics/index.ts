export {
  type DiagnosticData,
  type DiagnosticName,
  hasDiagnosticSubscribers,
  publishDiagnostic,
} from './diagnostics.js';
export type { Counter, Gauge, Histogram, Labels, Metrics } from './metrics.js';
export { MetricsRegistry } from './metrics-registry.js';
export type { HistogramSnapshot, MetricSample, MetricsSnapshot } from './metrics-snapshot.js';
