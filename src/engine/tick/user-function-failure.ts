import { MillraceError } from '../../errors/millrace-error.js';
import type { Frame } from './lanes/frame.js';

/** At which input a function failed. */
export interface FailedAt {
  /** That has the input. */
  readonly frame: Frame;
  /** Index of the input in its frame. */
  readonly origin: number;
}

/** The error of a job whose user function threw, or whose promise was rejected, at one item. */
export const userFunctionFailure = (stage: string, cause: unknown, at: FailedAt): MillraceError =>
  failureAt(stage, cause, { ...at, advice: CATCH });

/** The same where the item is given up, and the job goes on: the error of its letter. */
export const rejectedByStage = (stage: string, cause: unknown, at: FailedAt): MillraceError =>
  failureAt(stage, cause, { ...at, advice: GIVEN_UP });

const CATCH =
  'Catch the exception in the function, filter such items out before it, or give the stage onError; the item was not acknowledged.';
const GIVEN_UP = 'The item was given up, as onError of the stage says.';

const failureAt = (stage: string, cause: unknown, { frame, origin, advice }: FailedAt & { advice: string }) => {
  const { message: text } = MillraceError.from(cause);
  const own = cause instanceof MillraceError ? cause : undefined;
  const { where, details } = placeOf({ frame, origin });
  return new MillraceError('USER_FUNCTION_FAILED', `the function of stage "${stage}" failed at ${where}: ${text}`, {
    cause,
    advice: own?.advice ?? advice,
    details: {
      ...own?.details,
      stage,
      ...details,
      ...(own === undefined ? {} : { cause: own.code }),
    },
  });
};

const placeOf = ({ frame, origin }: FailedAt) => {
  const { source, last, timers } = frame;
  if (timers !== undefined) {
    const timer = timers[origin];
    if (timer === undefined) {
      return { where: `a timer of stage "${source}", due by ${last}`, details: { timerOf: source, upTo: last } };
    }
    const { name, at } = timer;
    return {
      where: `the timer "${name}" of stage "${source}", due at ${at}`,
      details: { timer: name, timerOf: source, at },
    };
  }
  const position = frame.positionOf(origin);
  return position === undefined
    ? { where: `position up to ${last} of source "${source}"`, details: { source, upTo: last } }
    : { where: `position ${position} of source "${source}"`, details: { source, position } };
};
