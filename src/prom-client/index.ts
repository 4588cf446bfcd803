/*
 * Metrics in a registry of prom-client, beside those of the rest of a program. What is counted is counted by the port of `metrics/`, and
 * read when that registry is asked; prom-client itself is not loaded.
 */
export { type PromClientOptions, type PromClientRegistry, promClientMetrics } from './prom-client-metrics.js';
