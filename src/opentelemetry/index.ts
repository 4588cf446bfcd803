/*
 * Metrics, and how messages hang together, for OpenTelemetry. Metrics are a port (`open-telemetry-metrics.ts`) that counts as ours does and
 * is observed. Meter and tracer are the user's, known by what is used of them, so that nothing of OpenTelemetry is loaded here.
 */
export {
  type OpenTelemetryMeter,
  type OpenTelemetryMetricsOptions,
  openTelemetryMetrics,
} from './open-telemetry-metrics.js';
export { openTelemetryTraces } from './traces/open-telemetry-traces.js';
export type { OpenTelemetryApi, OpenTelemetryTracesOptions } from './traces/traces-options.js';
