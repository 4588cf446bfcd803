import { MillraceError } from '../../../errors/millrace-error.js';
import { present } from '../../../internal/present.js';
import type { DatabaseClient, QueryResult } from '../../connection/database-client.js';
import { quoteName, quoteTable, type TableName } from '../../sql/quote.js';
import type { KeyedRow } from './row-reader.js';

/** Under which statements give what tells a row, as text. */
export const KEY = 'millrace_key';

/** The rows of a result, without the key that was added. */
export const keyedRows = ({ rows }: QueryResult): readonly KeyedRow[] =>
  rows.map(({ [KEY]: key, ...row }) => ({ key: String(key), row }));

/** The type of a column, for values that are given as text. @throws MillraceError INVALID_OPTIONS where there is none */
export const columnType = async (client: DatabaseClient, table: TableName, column: string): Promise<string> => {
  const name = quoteTable(table);
  const { rows } = await client.query({
    text:
      'SELECT format_type(atttypid, -1) AS type FROM pg_attribute ' +
      'WHERE attrelid = to_regclass($1) AND attname = $2 AND NOT attisdropped',
    values: [name, column],
  });
  if (rows.length > 0) return String(present(rows[0], 'there is one').type);
  throw new MillraceError('INVALID_OPTIONS', `there is no table ${name} with a column ${quoteName(column)}`, {
    advice: 'Check schema, table and column against the database.',
    details: { table: name, column },
  });
};

/** Calls back for each NOTIFY on the channel, where there is one. */
export const listen = async (client: DatabaseClient, channel: string | undefined, wake: () => void): Promise<void> => {
  if (channel === undefined) return;
  client.onNotification(wake);
  await client.run(`LISTEN ${quoteName(channel)}`);
};
