import assert from 'node:assert/strict';
import type { ErrorCode } from '../../errors/error-code.js';
import { MillraceError } from '../../errors/millrace-error.js';

/** Fails unless the promise rejects with a MillraceError of that code. */
export const rejectsWith = async (code: ErrorCode, promise: Promise<unknown>): Promise<void> => {
  await assert.rejects(
    promise,
    (error) => error instanceof MillraceError && error.code === code,
    `rejects with ${code}`,
  );
};
