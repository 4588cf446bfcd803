export type { ErrorCode, Fault } from './error-code.js';
export { MillraceError, type MillraceErrorOptions } from './millrace-error.js';
