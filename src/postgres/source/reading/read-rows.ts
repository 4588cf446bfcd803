import type { DatabaseClient, QueryResult } from '../../connection/database-client.js';
import { quoteName, quoteTable, type TableName } from '../../sql/quote.js';
import type { KeyedRow } from './row-reader.js';

/** Under which statements give what tells a row, as text. */
export const KEY = 'millrace_key';

/** The rows of a result, without the key that was added. */
export const keyedRows = ({ rows }: QueryResult): readonly KeyedRow[] =>
  rows.map(({ [KEY]: key, ...row }) => ({ key: String(key), row }));

/** The type of a column, for values that are given as text. Rejects with the server's error where there is none. */
export const columnType = async (client: DatabaseClient, table: TableName, column: string): Promise<string> => {
  const value = `SELECT ${quoteName(column)} FROM ${quoteTable(table)} LIMIT 0`;
  const [result] = await client.run(`SELECT pg_typeof((${value}))::text AS type`);
  return String(result?.rows[0]?.type);
};

/** Calls back for each NOTIFY on the channel, where there is one. */
export const listen = async (client: DatabaseClient, channel: string | undefined, wake: () => void): Promise<void> => {
  if (channel === undefined) return;
  client.onNotification(wake);
  await client.run(`LISTEN ${quoteName(channel)}`);
};
