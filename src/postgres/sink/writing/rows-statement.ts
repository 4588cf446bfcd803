import type { SqlStatements, Statement } from '../../connection/database-client.js';
import { BEGIN } from '../../connection/transaction.js';
import type { TableName } from '../../sql/quote.js';
import { sqlErrorKind } from '../../sql/sql-error-kind.js';
import { type Column, insertSql, type OnConflict, type SqlGuard } from '../../sql/table-insert.js';
import { isSameColumns, readColumns } from './read-columns.js';
import type { QueuedRow } from './row-queue.js';

/** How rows get into the database, over one connection after another. */
export interface RowsStatement {
  /** First on each connection. Rejects where it cannot work with this database, by the database's error. It changes nothing. */
  check(client: SqlStatements): Promise<void>;
  /** Whether what `check` has found is not so any more: what a row is refused for may not be its own fault then. */
  isStale(client: SqlStatements): Promise<boolean>;
  /** Writes them all, in their order, or rejects. */
  execute(client: SqlStatements, rows: readonly QueuedRow[]): Promise<void>;
  /** The same as one statement behind a guard, whose values come first, where it is one: that alone is a whole transaction. */
  guarded?(rows: readonly QueuedRow[], guard: SqlGuard, values: readonly unknown[]): Statement;
}

/** What a statement of all rows at once is made for. */
export interface BatchParts {
  /** Where the rows go. */
  readonly table: TableName;
  /** Not empty. */
  readonly columns: readonly string[];
  /** Undefined: a row whose key is there is refused. */
  readonly onConflict: OnConflict | undefined;
}

/**
 * Of all rows at once. They are a parameter: a server writes a statement that fails into its log, by default, and parameters not. Their
 * types are asked of each connection anew.
 */
export const batchStatement =
  ({ table, columns: names, onConflict }: BatchParts) =>
  (): RowsStatement => {
    let columns: readonly Column[] = [];
    let guardedText = '';
    const textOf = (first: number, guard?: SqlGuard): string =>
      insertSql({ table, columns, onConflict }, `$${first}::json`, guard);
    return {
      check: async (client) => {
        columns = await readColumns(client, table, names);
        guardedText = '';
        await client.run(BEGIN);
        try {
          // no row, so that what is not there or not allowed is told before one waits for it
          await client.query({ text: textOf(1), values: ['[]'] });
        } catch (error) {
          // a trigger for statements that wants rows says nothing of those that will come
          if (sqlErrorKind(error) !== 'row') throw error;
        }
        await client.run('ROLLBACK');
      },
      isStale: async (client) => !isSameColumns(columns, await readColumns(client, table, names)),
      execute: async (client, rows) => {
        await client.query({ name: 'millrace_rows', text: textOf(1), values: [jsonOfRows(rows)] });
      },
      guarded: (rows, guard, values) => {
        if (guardedText === '') guardedText = textOf(guard.count + 1, guard);
        return { name: 'millrace_guarded_rows', text: guardedText, values: [...values, jsonOfRows(rows)] };
      },
    };
  };

/** A statement of the user's own for each row. */
export const rowStatement = (text: string) => (): RowsStatement => ({
  // by a name of its own: so it is one statement, and what stands behind a semicolon is not run
  check: (client) => checkByName(client, text),
  isStale: async () => false,
  execute: async (client, rows) => {
    for (const { json } of rows) {
      // an array of values, by `jsonOfValues`
      const values: readonly unknown[] = JSON.parse(textOfBytes(json));
      await client.query({ name: 'millrace_row', text, values });
    }
  },
});

/** Whether the server can make one statement of the text; nothing of it is run. */
export const checkByName = async (client: SqlStatements, text: string): Promise<void> => {
  await client.query({ name: 'millrace_prepare', text: `PREPARE millrace_check AS ${text}`, values: [] });
  await client.run('DEALLOCATE millrace_check');
};

const [OPEN, COMMA, CLOSE] = [0x5b, 0x2c, 0x5d];

/** Their JSON as one array. As bytes, which are sent as they are. */
const jsonOfRows = (rows: readonly QueuedRow[]): Buffer => {
  const length = rows.reduce((sum, { json }) => sum + json.byteLength + 1, 1);
  const bytes = Buffer.allocUnsafe(Math.max(2, length));
  let at = 0;
  for (const { json } of rows) {
    bytes[at] = at === 0 ? OPEN : COMMA;
    bytes.set(json, at + 1);
    at += json.byteLength + 1;
  }
  if (at === 0) bytes[at++] = OPEN;
  bytes[at] = CLOSE;
  return bytes;
};

const textOfBytes = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
