import { withMethods } from '../internal/options/option-checks.js';

/** Of options that take a metrics port. */
export const metricsPort = withMethods('a Metrics', 'counter', 'gauge', 'histogram');

/** Of options that take one that is read, too. */
export const readableMetrics = withMethods('a MetricsRegistry', 'counter', 'gauge', 'histogram', 'snapshot');
