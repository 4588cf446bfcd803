import { MillraceError } from './millrace-error.js';

/**
 * What stands in a store, whose checksums are right, was not written by this version: by another program, then, or by a newer version.
 * @param message what it is, and that it is not ours
 */
export const corruptState = (message: string, cause?: unknown): MillraceError =>
  new MillraceError('STORE_CORRUPT', message, {
    ...(cause === undefined ? {} : { cause }),
    advice: 'Restore the store from a backup, or begin with a new one.',
  });
