import type { SqlStatements } from '../../connection/database-client.js';
import { quoteTable, type TableName } from '../../sql/quote.js';
import type { Column } from '../../sql/table-insert.js';

/**
 * The columns with the types that the table has now. Rejects with the server's error where there is no table; a column that is not there is
 * a text, and refused by the statement that names it.
 */
export const readColumns = async (
  client: SqlStatements,
  table: TableName,
  names: readonly string[],
): Promise<readonly Column[]> => {
  const { rows } = await client.query({
    text:
      'SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute ' +
      'WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname = ANY($2::text[])',
    values: [quoteTable(table), names],
  });
  const types = new Map(rows.map(({ name, type }) => [String(name), String(type)]));
  return names.map((name) => ({ name, type: types.get(name) ?? 'text' }));
};

/** Whether they are of the same types, in the same order. */
export const isSameColumns = (one: readonly Column[], other: readonly Column[]): boolean =>
  one.length === other.length && one.every(({ type }, index) => type === other[index]?.type);
