import { functionMistake } from '../errors/function-mistake.js';
import type { MillraceError } from '../errors/millrace-error.js';

/** Also one of another library or realm: it has a `then`. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value instanceof Promise ||
  (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function');

/**
 * The error of an async function where a plain value is needed: a promise would go on as an item, and as the answer of a
 * predicate it is always true. What the promise comes to is of no interest to anybody then.
 */
export const promiseError = (result: PromiseLike<unknown>, what = 'it'): MillraceError => {
  if (result instanceof Promise) result.catch(() => {});
  return functionMistake(
    `${what} returned a promise`,
    'The function must not be async: do asynchronous work in a mapAsync stage.',
  );
};

/** Throws `promiseError` for a promise. `what` names the function where there are several. */
export const refusePromise = (result: unknown, what?: string): void => {
  if (isThenable(result)) throw promiseError(result, what);
};
