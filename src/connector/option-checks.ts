import { must } from '../internal/options/option-checks.js';
import { isSchema } from './schema/schema-function.js';
import { isOnError } from './sink.js';

/** Of options that say what becomes of an item that cannot be processed. */
export const onErrorCheck = must("'fail', 'skip' or { deadLetter: sink }", isOnError);

/** Of options that take a `StandardSchema`; some are functions. */
export const schemaCheck = must(
  'a schema of zod (3.24 or later), valibot, arktype or another library of Standard Schema',
  isSchema,
);

/** Of options that take a `RetryStrategy`. */
export const retryStrategyCheck = must(
  'one of RetryStrategies (custom() ends with build())',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Number(Reflect.get(value, 'maxAttempts')) >= 0 &&
    typeof Reflect.get(value, 'intervalFunction') === 'function',
);
