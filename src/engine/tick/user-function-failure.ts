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
  const position = frame.positionOf(origin);
  const where = position === undefined ? `up to ${frame.last}` : String(position);
  const { message: text } = MillraceError.from(cause);
  const own = cause instanceof MillraceError ? cause : undefined;
  return new MillraceError(
    'USER_FUNCTION_FAILED',
    `the function of stage "${stage}" failed at position ${where} of source "${frame.source}": ${text}`,
    {
      cause,
      advice: own?.advice ?? advice,
      details: {
        ...own?.details,
        stage,
        source: frame.source,
        ...(position === undefined ? { upTo: frame.last } : { position }),
        ...(own === undefined ? {} : { cause: own.code }),
      },
    },
  );
};
