import { MillraceError } from '../../errors/millrace-error.js';

/** The error for all problems of some options at once; `what` says whose they are. */
export const invalidOptions = (what: string, problems: readonly string[]): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `${what}: ${problems.join('; ')}`, { details: { problems } });
