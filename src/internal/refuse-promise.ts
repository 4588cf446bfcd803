import { MillraceError } from '../errors/millrace-error.js';

/**
 * The error of an async function where a plain value is needed: a promise would go on as an item, and as the answer of a
 * predicate it is always true. What the promise comes to is of no interest to anybody then.
 */
export const promiseError = (result: Promise<unknown>): MillraceError => {
  result.catch(() => {});
  return new MillraceError('USER_FUNCTION_FAILED', 'it returned a promise', {
    advice: 'The function must not be async: do asynchronous work in a mapAsync stage.',
  });
};

/** Throws `promiseError` for a promise. */
export const refusePromise = (result: unknown): void => {
  if (result instanceof Promise) throw promiseError(result);
};
