import { MillraceError } from '../../../errors/millrace-error.js';
import type { DatabaseClient } from '../../connection/database-client.js';
import { quoteTable, type TableName } from '../../sql/quote.js';
import { NUMBERS, SEQUENCE } from './changes-sql.js';

/** By whose values rows are read. */
export interface ChangesColumn {
  /** The name of the source. */
  readonly source: string;
  /** It is a column of. */
  readonly table: TableName;
  /** Its name. */
  readonly column: string;
  /** As SQL has it. */
  readonly type: string;
}

/**
 * Whether rows that come later can have higher values, as far as the database says: numbers, and where they are those of a sequence that the
 * column owns one that counts up, and stands above `covered`, up to which rows were read.
 *
 * @throws MillraceError INVALID_OPTIONS, DATABASE_WENT_BACK
 */
export const checkColumn = async (
  client: DatabaseClient,
  { source, table: name, column, type }: ChangesColumn,
  covered: string | undefined,
): Promise<void> => {
  const table = quoteTable(name);
  const refuse = (what: string, advice: string): MillraceError =>
    new MillraceError('INVALID_OPTIONS', `source "${source}": ${what}`, { advice, details: { table, column } });
  const { rows: numbers } = await client.query({ text: NUMBERS, values: [type] });
  if (numbers.length === 0) {
    throw refuse(
      `"${column}" of ${table} is of type ${type}, whose values do not come in their order`,
      'Give the column of an identity or a bigserial. Times and UUIDs are taken before their rows are visible, and rows would be left out.',
    );
  }
  const { rows } = await client.query({ text: SEQUENCE, values: [table, column, 'SELECT, USAGE'] });
  const [sequence] = rows;
  if (sequence === undefined) return;
  if (sequence.cache !== '1') {
    throw refuse(
      `the sequence of ${table} gives sessions several values of "${column}" ahead`,
      'Values must ascend in the order in which they are taken: ALTER SEQUENCE … CACHE 1.',
    );
  }
  if (sequence.ascends !== true) {
    throw refuse(
      `the sequence of ${table} counts down, or begins again behind its last value of "${column}"`,
      'Values must ascend, and come once each: ALTER SEQUENCE … NO CYCLE, with an INCREMENT above 0.',
    );
  }
  const { last } = sequence;
  if (covered === undefined || last === null || BigInt(String(last)) >= BigInt(covered)) return;
  throw wentBack(source, table, String(last), covered);
};

const wentBack = (source: string, table: string, last: string, covered: string): MillraceError =>
  new MillraceError(
    'DATABASE_WENT_BACK',
    `source "${source}": the sequence of ${table} is at ${last}, and rows up to ${covered} were read`,
    {
      advice: 'The database was restored from a backup: set its sequence above that, or begin with a new store.',
      details: { table, last, covered },
    },
  );
