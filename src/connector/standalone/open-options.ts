import type { Metrics } from '../../metrics/metrics.js';

/** How a source or sink is opened without an engine. */
export interface OpenOptions {
  /** Aborts opening, and closes what is open with the error ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** Where it counts. Default: a registry that nobody sees. */
  readonly metrics?: Metrics | undefined;
}
