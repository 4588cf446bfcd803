import { options } from '../internal/options/check-options.js';
import { anything, must, mustShown, type OptionCheck, oneOf } from '../internal/options/option-checks.js';
import { isSchema } from './schema/schema-function.js';
import { isOnError } from './sink.js';

const onErrorKind = mustShown("'fail', 'skip' or { deadLetter: sink }", isOnError);
const onErrorMembers = options({ deadLetter: anything });

/** Of options that say what becomes of an item that cannot be processed. */
export const onErrorCheck: OptionCheck = (value, name) => {
  const problems = onErrorKind(value, name);
  return problems.length > 0 || typeof value === 'string' ? problems : onErrorMembers(value, name);
};

/** Of options that take a `ProcessingGuarantee`. */
export const guaranteeCheck = oneOf('none', 'at-least-once', 'exactly-once');

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
