/*
 * The one class of errors that Millrace throws, with its closed set of codes, and the two by which a user's function says whether to try
 * again. Read `error-code.ts` first: a code says whose fault it is and whether to try again. Who throws one is not said here. Every layer
 * imports it; it imports nothing.
 */
export { type ErrorCode, type Fault, isErrorCode } from './error-code.js';
export { MillraceError, type MillraceErrorOptions, type ToldError } from './millrace-error.js';
export { PermanentError } from './permanent-error.js';
export { TransientError } from './transient-error.js';
