import assert from 'node:assert/strict';
import { type ErrorCode, MillraceError } from '../../src/errors/index.js';

/** Resolves with the MillraceError of that code that the promise rejects with, and fails for everything else. */
export async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<MillraceError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  assert.ok(outcome !== undefined, `resolved instead of ${code}`);
  assert.ok(outcome.error instanceof MillraceError, `not a MillraceError: ${outcome.error}`);
  assert.equal(outcome.error.code, code, outcome.error.message);
  return outcome.error;
}
