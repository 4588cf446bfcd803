import { withMethods } from '../internal/options/option-checks.js';

/** Of options that take a metrics port. */
export const metricsPort = withMethods('a Metrics', 'counter', 'gauge', 'histogram');
