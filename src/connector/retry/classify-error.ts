import { MillraceError } from '../../errors/millrace-error.js';
import { PermanentError } from '../../errors/permanent-error.js';
import { TransientError } from '../../errors/transient-error.js';
import { refusePromise } from '../../internal/refuse-promise.js';

/** Whether what failed may pass when it is tried again (`transient`), or cannot (`permanent`). */
export type ErrorClass = 'transient' | 'permanent';

/** A user's answer about what one of their functions has thrown; undefined: as without it. */
export type ClassifyErrorFn = (error: unknown) => ErrorClass | undefined;

/** Of the language: a mistake in the function, or an item that it was not made for. */
const MISTAKES: readonly (abstract new (...args: never) => Error)[] = [
  TypeError,
  RangeError,
  ReferenceError,
  SyntaxError,
  URIError,
];

/**
 * The user's `classify` first, then what the error says itself: `PermanentError`, `TransientError`, a MillraceError by `retryable`. An
 * error of the language (TypeError and the like) cannot pass, unless it has a cause, as `fetch` throws one for a network that is away. All
 * else may pass.
 *
 * @throws MillraceError USER_FUNCTION_FAILED when `classify` throws, or gives something else
 */
export const classifyError = (error: unknown, classify?: ClassifyErrorFn): ErrorClass =>
  (classify === undefined ? undefined : ask(classify, error)) ?? defaultClass(error);

const ADVICE = "It must return 'transient', 'permanent' or undefined.";

const ask = (classify: ClassifyErrorFn, error: unknown): ErrorClass | undefined => {
  let answer: unknown;
  try {
    answer = classify(error);
  } catch (thrown) {
    throw new MillraceError('USER_FUNCTION_FAILED', `classifyErrorFn threw: ${MillraceError.from(thrown).message}`, {
      cause: thrown,
      advice: ADVICE,
    });
  }
  refusePromise(answer, 'classifyErrorFn');
  if (answer === undefined || answer === 'transient' || answer === 'permanent') return answer;
  throw new MillraceError('USER_FUNCTION_FAILED', `classifyErrorFn gave ${typeof answer}`, {
    cause: error,
    advice: ADVICE,
  });
};

const defaultClass = (error: unknown): ErrorClass => {
  if (error instanceof PermanentError) return 'permanent';
  if (error instanceof TransientError) return 'transient';
  if (error instanceof MillraceError) return error.retryable ? 'transient' : 'permanent';
  if (!(error instanceof Error) || error.cause !== undefined) return 'transient';
  return MISTAKES.some((mistake) => error instanceof mistake) ? 'permanent' : 'transient';
};
