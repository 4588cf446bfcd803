import type { ErrorCode } from '../../errors/error-code.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { connectionError } from './connecting-error.js';
import { kindOf, type SqlErrorKind } from './sql-error-kind.js';
import { sqlFacts } from './sql-facts.js';

/**
 * As an error of ours, with advice; `what` is what could not be done. Codes that nobody knows, as poolers have them, may pass; what the
 * database or the connection refuses may where `isProven` says that it has worked before.
 */
export const sqlError = (error: unknown, what: string, isProven = false): MillraceError => {
  if (error instanceof MillraceError) return error;
  const facts = sqlFacts(error);
  if (facts === undefined) return connectionError(error, what, isProven);
  const { code, message, constraint, column } = facts;
  const kind = kindOf(error, facts) ?? 'away';
  const [ours, advice] = explain(code, kind);
  return new MillraceError(ours, `${what}: ${message} (SQLSTATE ${code})`, {
    ...(advice === undefined ? {} : { advice }),
    details: { sqlState: code, ...(constraint && { constraint }), ...(column && { column }) },
    retryable: kind === 'away' || kind === 'unclear' || (kind === 'fatal' && isProven),
  });
};

const NO_TABLE =
  'Check the names of database, schema and table against the database. A dot is part of the name of a table: its schema is an option of its own.';

const REFUSED =
  'A type, a constraint or a trigger of the table refuses it: change that. A queue whose rows cannot be deleted can mark them: done.';

type Explanation = readonly [ErrorCode, string | undefined];

const explain = (code: string, kind: SqlErrorKind): Explanation => {
  if (code === '42501') return ['NOT_AUTHORIZED', 'Grant the user of the connection what it needs on this table.'];
  if (code.startsWith('28')) return ['BAD_CREDENTIALS', 'Check user, password and pg_hba.conf.'];
  if (code === '42P01') return ['INVALID_OPTIONS', NO_TABLE];
  switch (kind) {
    case 'row':
      return ['INVALID_MESSAGE', REFUSED];
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
