import { MillraceError } from './millrace-error.js';

/** A function of the user's that is wrong for every item: it is async where nothing is awaited, or gives away its state. */
export const functionMistake = (message: string, advice: string): MillraceError =>
  new MillraceError('USER_FUNCTION_FAILED', message, { advice, details: { mistake: message } });

/** Whether `onError` is not to be asked: it speaks of items, and such a function would have every one of them given up. */
export const isFunctionMistake = (error: unknown): boolean =>
  error instanceof MillraceError && error.code === 'USER_FUNCTION_FAILED' && 'mistake' in error.details;
