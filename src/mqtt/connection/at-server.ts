import { MillraceError } from '../../errors/millrace-error.js';

/** The error with the server that it is about, where its sentence does not name it: an application may have several brokers. */
export function atServer(error: MillraceError, server: string): MillraceError {
  if (error.message.includes(server)) return error;
  const { cause, advice, reasonCode, retryable } = error;
  return new MillraceError(error.code, `${server}: ${error.message}`, {
    retryable,
    details: error.details,
    ...(cause === undefined ? {} : { cause }),
    ...(advice === undefined ? {} : { advice }),
    ...(reasonCode === undefined ? {} : { reasonCode }),
  });
}
