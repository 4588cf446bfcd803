import { MillraceError } from '../../../errors/millrace-error.js';
import { quoteTable } from '../../sql/quote.js';
import type { PositionKey } from './position-sql.js';

/** Another sink has done at the same time what this one was about to do: it may pass. */
export const racedError = (cause: unknown): MillraceError =>
  new MillraceError('CONNECTION_LOST', 'two sinks have made the table of positions at the same time', { cause });

/** By another opening: it is found out by the next one which. */
export const movedError = (cause: Error): MillraceError =>
  new MillraceError('CONNECTION_LOST', 'the position of the sink in the database was moved by somebody else', {
    cause,
  });

/** The same error, with whose position it is. */
export const namedError = (error: MillraceError, { job, sink, table }: PositionKey): MillraceError =>
  new MillraceError(error.code, `sink "${sink}" of job "${job}": ${error.message}`, {
    details: { ...error.details, job, sink, table: quoteTable(table) },
    ...(error.advice === undefined ? {} : { advice: error.advice }),
  });

/** Something stands between the statement and the table. */
export const unwritableError = (): MillraceError =>
  new MillraceError('INVALID_OPTIONS', 'the table of positions does not take what is written there', {
    advice:
      'A trigger or a policy of row-level security stands before it: remove it, or name another table as positionTable.',
  });

/** With the statement that makes the table. */
export const missingTableError = ({ table, sink }: PositionKey, sql: string, mayPass: boolean): MillraceError =>
  new MillraceError(
    'INVALID_OPTIONS',
    `sink "${sink}" needs the table ${quoteTable(table)} to be exactly once, and it is not there`,
    {
      advice: `Say createTable: true for the sink, or create it: ${sql}`,
      details: { table: quoteTable(table) },
      retryable: mayPass,
    },
  );
