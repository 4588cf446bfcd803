import { isThenable, promiseError } from '../refuse-promise.js';
import { invalidOptions } from './invalid-options.js';

/** Why this cannot be options, as a sentence; undefined when it can. A promise has no names, and would be options that say nothing. */
export const notOptions = (whose: string, given: unknown): string | undefined => {
  if (isThenable(given)) return promiseError(given, `what gives the options of ${whose}`).message;
  const isOptions = typeof given === 'object' && given !== null && !Array.isArray(given);
  return isOptions ? undefined : `the options of ${whose} must be an object`;
};

/** For options that are copied before they are checked: of a text the copy would have its letters. @throws MillraceError INVALID_OPTIONS */
export const refuseNoOptions = (whose: string, given: unknown): void => {
  const problem = notOptions(whose, given);
  if (problem !== undefined) throw invalidOptions(whose, [problem]);
};
