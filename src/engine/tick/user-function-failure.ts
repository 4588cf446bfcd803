import { MillraceError } from '../../errors/millrace-error.js';
import type { Frame } from './lanes/frame.js';

/** The error of a job whose user function threw, or whose promise was rejected, at one item. */
export const userFunctionFailure = (
  stage: string,
  cause: unknown,
  at: { frame: Frame; origin: number },
): MillraceError => {
  const position = at.frame.positionOf(at.origin);
  const where = position === undefined ? `up to ${at.frame.last}` : String(position);
  const text = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError(
    'USER_FUNCTION_FAILED',
    `the function of stage "${stage}" failed at position ${where} of source "${at.frame.source}": ${text}`,
    {
      cause,
      advice: adviceOf(cause),
      details: { stage, source: at.frame.source, ...(position === undefined ? { upTo: at.frame.last } : { position }) },
    },
  );
};

const CATCH = 'Catch the exception in the function, or filter such items out before it; the item was not acknowledged.';

const adviceOf = (cause: unknown): string => (cause instanceof MillraceError ? (cause.advice ?? CATCH) : CATCH);
