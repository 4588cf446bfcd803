import type { SqlStatements, Statement } from '../../connection/database-client.js';
import { sqlErrorKind } from '../../sql/sql-error-kind.js';
import { isMovedSql } from '../position/position-sql.js';
import type { QueuedRow } from './row-queue.js';

/** How rows get into the database, in the transaction of whoever calls it. */
export interface RowsStatement {
  /** Rejects where it cannot work with this database, by the database's error. It changes nothing. */
  check(client: SqlStatements): Promise<void>;
  /** Writes them all, in their order, or rejects. */
  execute(client: SqlStatements, rows: readonly QueuedRow[]): Promise<void>;
  /**
   * The same as one statement, where it is one: a whole transaction then takes one round trip. It does nothing unless the move with this key
   * was made in its transaction (`moveKey`).
   */
  of?(rows: readonly QueuedRow[], key: string): Statement;
}

/**
 * Of all rows at once: `insertOf` makes the statement of an expression that has a JSON array of them, and of a condition. The rows are a
 * parameter: a server writes a statement that fails into its log, by default, and parameters not.
 */
export const batchStatement = (insertOf: (rows: string, when: string) => string): RowsStatement => {
  const text = insertOf('$1::json', isMovedSql('$2'));
  const of = (rows: readonly QueuedRow[], key: string | null): Statement => ({
    name: 'millrace_rows',
    text,
    values: [`[${rows.map(({ json }) => json).join(',')}]`, key],
  });
  return {
    // none, so that what is not there or not allowed is told before a row waits for it
    check: async (client) => {
      await client.run('BEGIN');
      try {
        await client.query(of([], null));
      } catch (error) {
        // a trigger for statements that wants rows says nothing of those that will come
        if (sqlErrorKind(error) !== 'row') throw error;
      }
      await client.run('ROLLBACK');
    },
    execute: async (client, rows) => {
      await client.query(of(rows, null));
    },
    of,
  };
};

/** A statement of the user's own for each row. */
export const rowStatement = (text: string): RowsStatement => ({
  check: async (client) => {
    // by a name of its own: so it is one statement, and what stands behind a semicolon is not run
    await client.query({ name: 'millrace_prepare', text: `PREPARE millrace_check AS ${text}`, values: [] });
    await client.run('DEALLOCATE millrace_check');
  },
  execute: async (client, rows) => {
    for (const { json } of rows) {
      // an array of values, by `jsonOfValues`
      await client.query({ name: 'millrace_row', text, values: JSON.parse(json) as readonly unknown[] });
    }
  },
});
