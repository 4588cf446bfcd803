import type { MillraceError } from '../../errors/index.js';
import { causeLine, userCause } from '../../errors/user-cause.js';
import { foreignText } from '../../internal/visible-text.js';

/** A job has failed, and nobody listens: an error must never be silent. Where a function of the user's threw, and what to do, too. */
export const warnOfFailure = (job: string, error: MillraceError): void => {
  const { code, message, advice } = error;
  const cause = userCause(error);
  const more = [...(cause === undefined ? [] : [causeLine(cause)]), ...(advice === undefined ? [] : [advice])];
  process.emitWarning(`job "${job}" failed: ${foreignText(message)}`, {
    code: `MILLRACE_${code}`,
    ...(more.length > 0 && { detail: more.map((line) => foreignText(line)).join('\n') }),
  });
};
