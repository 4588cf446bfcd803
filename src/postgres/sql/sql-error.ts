import type { ErrorCode } from '../../errors/error-code.js';
import { MillraceError } from '../../errors/millrace-error.js';

/**
 * What an error of a statement says about what to do. `away`: the same may pass later, nothing is wrong with the rows. `row`: one of the rows
 * cannot pass. `fatal`: it cannot pass before somebody changes the database or the options.
 */
export type SqlErrorKind = 'away' | 'row' | 'fatal';

/** What is read of an error of the server: never its detail, which shows values. */
export interface SqlFacts {
  /** Five characters (SQLSTATE). */
  readonly code: string;
  /** Without what stands behind a colon and a quote: that is a value. */
  readonly message: string;
  readonly constraint: string | undefined;
  readonly column: string | undefined;
}

/** By code first, then by class. What is not here is `away`: it is tried again, and told. */
const KINDS: Readonly<Record<string, SqlErrorKind>> = {
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
  '28': 'fatal',
  '3D': 'fatal',
  '3F': 'fatal',
  '42': 'fatal',
};

/** What `node:tls` and `pg` say where a server cannot be believed, or a password is none. */
const TLS_CODES = /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS|ERR_SSL|HOSTNAME_)/;

/** The facts of an error of the server; undefined for any other error. */
export const sqlFacts = (error: unknown): SqlFacts | undefined => {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  // as the protocol has them; each is looked at below
  const { code, constraint, column } = error as Partial<Readonly<Record<'code' | 'constraint' | 'column', unknown>>>;
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return { code, message: withoutValue(error.message), constraint: text(constraint), column: text(column) };
};

/** @param error of a statement or of connecting */
export const sqlErrorKind = (error: unknown): SqlErrorKind => {
  const facts = sqlFacts(error);
  if (facts !== undefined) return kindOf(facts.code);
  if (error instanceof MillraceError) return error.retryable ? 'away' : 'fatal';
  return isHopeless(error) ? 'fatal' : 'away';
};

/** As an error of ours, with advice; `what` is what could not be done. */
export const sqlError = (error: unknown, what: string): MillraceError => {
  if (error instanceof MillraceError) return error;
  const facts = sqlFacts(error);
  if (facts === undefined) return connectionError(error, what);
  const { code, message, constraint, column } = facts;
  const [ours, advice] = explain(code);
  return new MillraceError(ours, `${what}: ${message} (SQLSTATE ${code})`, {
    ...(advice === undefined ? {} : { advice }),
    details: { sqlState: code, ...(constraint && { constraint }), ...(column && { column }) },
    retryable: sqlErrorKind(error) === 'away',
  });
};

type Explanation = readonly [ErrorCode, string | undefined];

const explain = (code: string): Explanation => {
  if (code === '42501') return ['NOT_AUTHORIZED', 'Grant the user of the connection what it needs on this table.'];
  if (code.startsWith('28')) return ['BAD_CREDENTIALS', 'Check user, password and pg_hba.conf.'];
  switch (kindOf(code)) {
    case 'row':
      return ['INVALID_MESSAGE', 'Give the sink an onError, or mend the item before it.'];
    case 'fatal':
      return [
        'INVALID_OPTIONS',
        'Check the names of database, schema, table and columns, and the statement, against the database.',
      ];
    case 'away':
      return ['CONNECTION_LOST', undefined];
  }
};

const kindOf = (code: string): SqlErrorKind => KINDS[code] ?? KINDS[code.slice(0, 2)] ?? 'away';

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
  (isMistake(error) || TLS_CODES.test(codeOf(error)) || /does not support SSL|^SASL/.test(error.message));

/** An error of the language: what was given to `pg` is nothing that it can work with. */
const isMistake = (error: Error): boolean => error instanceof TypeError || error instanceof RangeError;

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** `invalid input syntax for type integer: "12a"` shows the value; a name stands in quotes without a colon before. */
const withoutValue = (message: string): string => message.replace(/: ".*$/s, '');
