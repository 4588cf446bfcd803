import { MillraceError } from '../../errors/millrace-error.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { func, shownValue } from '../../internal/options/option-checks.js';
import { IntervalFunctions } from './interval-functions.js';
import type { IntervalFunction, RetryStrategy } from './retry-strategy.js';

/** Jet's default of a custom strategy. */
const DEFAULT_INTERVAL_MS = 500;

/** Builds a {@link RetryStrategy}; every step gives a new, frozen builder. Default: for ever, each 500 ms (as in Jet). */
export interface RetryStrategyBuilder {
  /** Retries after the first try; 0: never, a negative number (Jet's spelling) or Infinity: for ever. */
  maxAttempts(maxAttempts: number): RetryStrategyBuilder;
  /** The same wait before each retry, in milliseconds. */
  intervalMs(intervalMs: number): RetryStrategyBuilder;
  /** The wait before a retry, in milliseconds; `attempt` counts from 1. */
  intervalFunction(intervalFunction: IntervalFunction): RetryStrategyBuilder;
  /** The strategy, frozen. */
  build(): RetryStrategy;
}

const checkAttempts = (maxAttempts: number): number => {
  if (maxAttempts < 0 || maxAttempts === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(maxAttempts)) return maxAttempts;
  throw new MillraceError('INVALID_OPTIONS', `maxAttempts must be a whole number, not ${shownValue(maxAttempts)}`);
};

const checkFunction = (intervalFunction: IntervalFunction): IntervalFunction => {
  const problems = func(intervalFunction, 'intervalFunction');
  if (problems.length > 0) throw invalidOptions('RetryStrategies.custom', problems);
  return intervalFunction;
};

const builder = (strategy: RetryStrategy): RetryStrategyBuilder =>
  frozenFunctions('RetryStrategies.custom', { maxAttempts: 1, intervalMs: 1, intervalFunction: 1, build: 0 })({
    maxAttempts: (maxAttempts: number) => builder({ ...strategy, maxAttempts: checkAttempts(maxAttempts) }),
    intervalMs: (intervalMs: number) =>
      builder({ ...strategy, intervalFunction: IntervalFunctions.constant(intervalMs) }),
    intervalFunction: (intervalFunction: IntervalFunction) =>
      builder({ ...strategy, intervalFunction: checkFunction(intervalFunction) }),
    build: () => Object.freeze(strategy),
  });

/**
 * The usual retry strategies, under Jet's names.
 * @namespace
 */
export const RetryStrategies = frozenFunctions('RetryStrategies', { never: 0, indefinitely: 1, custom: 0 })({
  /** Does not retry: the default of a sink. */
  never: (): RetryStrategy => RetryStrategies.custom().maxAttempts(0).build(),

  /** Retries for ever, waiting `intervalMs` before each retry. */
  indefinitely: (intervalMs: number): RetryStrategy => RetryStrategies.custom().intervalMs(intervalMs).build(),

  /** A strategy of one's own. */
  custom: (): RetryStrategyBuilder =>
    builder({
      maxAttempts: Number.POSITIVE_INFINITY,
      intervalFunction: IntervalFunctions.constant(DEFAULT_INTERVAL_MS),
    }),
});
