import type { ClassifyErrorFn } from '../connector/retry/classify-error.js';
import type { RetryStrategy } from '../connector/retry/retry-strategy.js';
import type { StageOptions } from './stage-options.js';
import type { StateCodec } from './state-codec.js';

/** How `mapAsync` runs. */
export interface MapAsyncOptions<T = unknown> extends StageOptions {
  /** How many calls may be under way at once. Default 16, at least 1. */
  readonly maxConcurrency?: number;
  /**
   * How items that wait for their result are stored, in a job with a store: they are called again after a crash. Default:
   * `StateCodecs.structuredClone()`, version 0.
   */
  readonly codec?: StateCodec<T>;
  /**
   * When a call that has failed is made again; its item keeps its place, and counts as one of the calls under way. What `classifyErrorFn`,
   * or the error itself, calls permanent is not. Default: `RetryStrategies.never()`.
   */
  readonly retryStrategy?: RetryStrategy;
  /**
   * Says whether what a call failed with may pass; `undefined` leaves that to the error (`PermanentError`, `TransientError` and the like).
   */
  readonly classifyErrorFn?: ClassifyErrorFn;
  /**
   * How many milliseconds one call may take. Then its signal aborts, and it has failed with TIMEOUT, which may pass. A function that does
   * not listen to its signal goes on by itself, beyond `maxConcurrency`. Default: as long as it takes.
   */
  readonly timeoutMs?: number;
}
