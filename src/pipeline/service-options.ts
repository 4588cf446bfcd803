import type { ClassifyErrorFn } from '../connector/retry/classify-error.js';
import type { RetryStrategy } from '../connector/retry/retry-strategy.js';
import type { MapAsyncOptions } from './map-async-options.js';
import type { StageOptions } from './stage-options.js';

/** How a stage that uses a service runs. */
export interface ServiceOptions extends StageOptions {
  /** When a `createFn` that has failed is called again. Default: for ever, after 100 ms, doubled up to 10 s. */
  readonly createRetryStrategy?: RetryStrategy;
  /** Says whether what it failed with may pass; `undefined` leaves that to the error (`PermanentError`, `TransientError` and the like). */
  readonly classifyErrorFn?: ClassifyErrorFn;
}

/**
 * The same with calls that give promises. `classifyErrorFn` is asked about these and about `createFn`, `retryStrategy` is of the calls
 * alone.
 */
export interface AsyncServiceOptions<T = unknown> extends MapAsyncOptions<T>, ServiceOptions {}
