import { isFunctionMistake } from '../../errors/function-mistake.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { shownValue } from '../../internal/options/option-checks.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import type { RetryStrategy } from './retry-strategy.js';

/** The longest wait that a Node timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Milliseconds to wait before the retry after failed try number `attempt`, or the error that ends the retries: the failure
 * itself when there are none, RETRIES_EXHAUSTED after the last, USER_FUNCTION_FAILED when the interval function fails. It throws nothing:
 * the function is a user's, and is asked in the middle of somebody's failure.
 */
export const retryWait = (strategy: RetryStrategy, attempt: number, failure: MillraceError): number | MillraceError => {
  if (strategy.maxAttempts === 0) return failure;
  if (attempt > strategy.maxAttempts) return exhausted(strategy.maxAttempts, failure);
  try {
    const wait = strategy.intervalFunction(attempt);
    refusePromise(wait, 'the intervalFunction of the retry strategy');
    if (typeof wait === 'number' && wait >= 0) return Math.min(wait, LONGEST_MS);
    return misruled(`gave ${shownValue(wait)}`);
  } catch (thrown) {
    if (isFunctionMistake(thrown)) return MillraceError.from(thrown);
    return misruled(`threw: ${MillraceError.from(thrown).message}`, thrown);
  }
};

const misruled = (what: string, cause?: unknown): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', `the intervalFunction of the retry strategy ${what}`, {
    cause,
    advice: 'It must return a number of milliseconds from 0.',
  });

const exhausted = (maxAttempts: number, failure: MillraceError): MillraceError =>
  new MillraceError('RETRIES_EXHAUSTED', `given up after ${maxAttempts} retries: ${failure.message}`, {
    cause: failure,
    advice: 'Mend what it failed at, or let the retryStrategy try more often.',
    details: failure.details,
    ...(failure.reasonCode === undefined ? {} : { reasonCode: failure.reasonCode }),
  });
