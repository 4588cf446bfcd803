import { must } from '../internal/options/option-checks.js';
import { isOnError } from './sink.js';

/** Of options that say what becomes of an item that cannot be processed. */
export const onErrorCheck = must("'fail', 'skip' or { deadLetter: sink }", isOnError);

/** Of options that take a `RetryStrategy`. */
export const retryStrategyCheck = must(
  'one of RetryStrategies (custom() ends with build())',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Number(Reflect.get(value, 'maxAttempts')) >= 0 &&
    typeof Reflect.get(value, 'intervalFunction') === 'function',
);
