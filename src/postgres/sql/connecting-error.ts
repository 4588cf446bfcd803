import { MillraceError } from '../../errors/millrace-error.js';
import { PermanentError } from '../../errors/permanent-error.js';
import { textOf } from './sql-facts.js';

/** What `node:tls` and `pg` say where a server cannot be believed, or a password is none. */
const TLS_CODES = /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS|ERR_SSL|HOSTNAME_)/;

/** Of a socket, of TLS, or of `pg` itself. As the cause only what the system says: others may show a URL with its password. */
export const connectionError = (error: unknown, what: string, isProven: boolean): MillraceError => {
  const message = error instanceof Error ? error.message || codeOf(error) : String(error);
  const cause = error instanceof Error && 'syscall' in error ? { cause: error } : {};
  if (!isHopeless(error)) return new MillraceError('CONNECTION_LOST', `${what}: ${message}`, cause);
  if (isMistake(error))
    return new MillraceError('INVALID_OPTIONS', `${what}: ${message}`, {
      advice: 'Check the connection.',
      retryable: isProven,
    });
  const isTls = TLS_CODES.test(codeOf(error)) || /SSL/.test(message);
  return new MillraceError(isTls ? 'TLS_REFUSED' : 'BAD_CREDENTIALS', `${what}: ${message}`, {
    ...cause,
    retryable: isProven,
    advice: isTls ? 'Check the option ssl of the connection.' : 'Check user and password of the connection.',
  });
};

/** Of connecting: no later attempt can pass. */
export const isHopeless = (error: unknown): error is Error =>
  error instanceof Error &&
  (isMistake(error) ||
    error instanceof PermanentError ||
    TLS_CODES.test(codeOf(error)) ||
    /does not support SSL|^SASL/.test(error.message));

/**
 * An error of the language, or a file of certificates that is not there: what was given to `pg` is nothing that it can work with. With a
 * cause it is what `fetch` throws for a network that is away, in a function that gives the password.
 */
const isMistake = (error: Error): boolean =>
  ('syscall' in error && error.syscall === 'open') ||
  ((error instanceof TypeError || error instanceof RangeError) && error.cause === undefined);

/** Of the system, of TLS or of the server; empty where there is none. */
const codeOf = (error: Error): string => textOf(error, 'code') ?? '';
