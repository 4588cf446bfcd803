import type { ErrorCode } from '../../errors/error-code.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { PermanentError } from '../../errors/permanent-error.js';

/**
 * What an error of a statement says about what to do. `away`: the same may pass later, nothing is wrong with the rows. `row`: one of the rows
 * cannot pass. `fatal`: it cannot pass before somebody changes the database or the options. `unclear`: an extension that refuses a value, or
 * the server's own fault.
 */
export type SqlErrorKind = 'away' | 'row' | 'fatal' | 'unclear';

/** What is read of an error of the server: never its detail, which shows values. */
export interface SqlFacts {
  /** Five characters (SQLSTATE). */
  readonly code: string;
  /** Without what may be a value, and no longer than it is worth keeping. */
  readonly message: string;
  /** By its name, where one was broken. */
  readonly constraint: string | undefined;
  /** By its name, where the server says which. */
  readonly column: string | undefined;
}

/** By code first, then by class. What is not here is a code of somebody's trigger or function. */
const KINDS: Readonly<Record<string, SqlErrorKind>> = {
  // no connection, a transaction that was ended or may not write, a conflict, no room, a lock, an operator, a disk, another server
  '08': 'away',
  '25': 'away',
  '26': 'away',
  '40': 'away',
  '53': 'away',
  '55': 'away',
  '57': 'away',
  '58': 'away',
  '72': 'away',
  F0: 'away',
  HV: 'away',
  XX: 'away',
  XX000: 'unclear',
  // data, constraints, a key twice in one statement, a view's check, a trigger's RAISE, an index row that is too large
  '21': 'row',
  '22': 'row',
  '23': 'row',
  '44': 'row',
  P0: 'row',
  '54': 'row',
  '38': 'row',
  '39': 'row',
  // not there, not allowed, not possible
  '0A': 'fatal',
  '0L': 'fatal',
  '0P': 'fatal',
  '28': 'fatal',
  '3D': 'fatal',
  '3F': 'fatal',
  '42': 'fatal',
  // a view that takes no rows, a table whose publication needs an identity
  '55000': 'fatal',
};

/** Where a code has two meanings, the function of the server that says it: a row against a policy, and a table that was changed meanwhile. */
const ROUTINES: Readonly<Record<string, SqlErrorKind>> = {
  '42501 ExecWithCheckOptions': 'row',
  '0A000 RevalidateCachedQuery': 'away',
};

const LONGEST_MESSAGE = 1_000;

/** What `node:tls` and `pg` say where a server cannot be believed, or a password is none. */
const TLS_CODES = /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS|ERR_SSL|HOSTNAME_)/;

/** The facts of an error of the server; undefined for any other error. */
export const sqlFacts = (error: unknown): SqlFacts | undefined => {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  const { code } = error;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  const message = shortened(withoutValue(code, error.message));
  return { code, message, constraint: textOf(error, 'constraint'), column: textOf(error, 'column') };
};

/** @param error of a statement of rows */
export const sqlErrorKind = (error: unknown): SqlErrorKind => {
  const facts = sqlFacts(error);
  if (facts !== undefined) return kindOf(error, facts) ?? 'row';
  if (error instanceof MillraceError) return error.retryable ? 'away' : 'fatal';
  return isHopeless(error) ? 'fatal' : 'away';
};

/** As an error of ours, with advice; `what` is what could not be done. Codes that nobody knows, as poolers have them, may pass. */
export const sqlError = (error: unknown, what: string): MillraceError => {
  if (error instanceof MillraceError) return error;
  const facts = sqlFacts(error);
  if (facts === undefined) return connectionError(error, what);
  const { code, message, constraint, column } = facts;
  const kind = kindOf(error, facts) ?? 'away';
  const [ours, advice] = explain(code, kind);
  return new MillraceError(ours, `${what}: ${message} (SQLSTATE ${code})`, {
    ...(advice === undefined ? {} : { advice }),
    details: { sqlState: code, ...(constraint && { constraint }), ...(column && { column }) },
    retryable: kind === 'away' || kind === 'unclear',
  });
};

type Explanation = readonly [ErrorCode, string | undefined];

const explain = (code: string, kind: SqlErrorKind): Explanation => {
  if (code === '42501') return ['NOT_AUTHORIZED', 'Grant the user of the connection what it needs on this table.'];
  if (code.startsWith('28')) return ['BAD_CREDENTIALS', 'Check user, password and pg_hba.conf.'];
  switch (kind) {
    case 'row':
      return ['INVALID_MESSAGE', 'Give the sink an onError, or mend the item before it.'];
    case 'fatal':
      return [
        'INVALID_OPTIONS',
        'Check the names of database, schema, table and columns, and the statement, against the database.',
      ];
    case 'away':
    case 'unclear':
      return ['CONNECTION_LOST', undefined];
  }
};

const kindOf = (error: unknown, { code }: SqlFacts): SqlErrorKind | undefined => {
  return ROUTINES[`${code} ${textOf(error, 'routine')}`] ?? KINDS[code] ?? KINDS[code.slice(0, 2)];
};

/** Of a socket, of TLS, or of `pg` itself. As the cause only what the system says: others may show a URL with its password. */
const connectionError = (error: unknown, what: string): MillraceError => {
  const message = error instanceof Error ? error.message || codeOf(error) : String(error);
  const cause = error instanceof Error && 'syscall' in error ? { cause: error } : {};
  if (!isHopeless(error)) return new MillraceError('CONNECTION_LOST', `${what}: ${message}`, cause);
  if (isMistake(error))
    return new MillraceError('INVALID_OPTIONS', `${what}: ${message}`, { advice: 'Check the connection.' });
  const isTls = TLS_CODES.test(codeOf(error)) || /SSL/.test(message);
  return new MillraceError(isTls ? 'TLS_REFUSED' : 'BAD_CREDENTIALS', `${what}: ${message}`, {
    ...cause,
    advice: isTls ? 'Check the option ssl of the connection.' : 'Check user and password of the connection.',
  });
};

const isHopeless = (error: unknown): error is Error =>
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

const codeOf = (error: Error): string => textOf(error, 'code') ?? '';

/** A property that `pg` or the system may have put onto an error. */
const textOf = (error: unknown, name: 'code' | 'constraint' | 'column' | 'routine'): string | undefined => {
  const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
};

/**
 * What stands in quotes is a value in errors of data (`value "12" is out of range`), whatever the quotes of the server's language are; in others
 * it is one behind a colon, else a name.
 */
const withoutValue = (code: string, message: string): string => {
  const rest = message.replace(/: ["«»„“].*$/s, '');
  return code.startsWith('22') ? rest.replace(/["«»„“].*["«»“”]/s, '…') : rest;
};

/** It is kept as JSON, which has no half of a character at its end. */
const shortened = (message: string): string => message.slice(0, LONGEST_MESSAGE).replace(/\p{Surrogate}$/u, '');
