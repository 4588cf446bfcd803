/*
 * The one class of errors, and its closed set of codes. Read `error-code.ts` first: a code says whose fault it is and whether to try again.
 * Who throws one is not said here. Every layer imports it; it imports nothing.
 */
export type { ErrorCode, Fault } from './error-code.js';
export { MillraceError, type MillraceErrorOptions } from './millrace-error.js';
