import type { DatabaseClient } from '../../connection/database-client.js';
import type { QueuedRow } from './row-queue.js';

/** How rows get into the database, in the transaction of whoever calls it. */
export interface RowsStatement {
  /** Rejects where it cannot work with this database, by the database's error. It changes nothing. */
  check(client: DatabaseClient): Promise<void>;
  /** Writes them all, in their order, or rejects. */
  execute(client: DatabaseClient, rows: readonly QueuedRow[]): Promise<void>;
}

/** Of all rows at once: `text` takes a JSON array of them. */
export const batchStatement = (text: string): RowsStatement => {
  const insert = (client: DatabaseClient, json: string) =>
    client.query({ name: 'millrace_rows', text, values: [json] });
  return {
    // none, so that what is not there or not allowed is told before a row waits for it
    check: async (client) => {
      await client.run('BEGIN');
      await insert(client, '[]');
      await client.run('ROLLBACK');
    },
    execute: async (client, rows) => {
      await insert(client, `[${rows.map(({ json }) => json).join(',')}]`);
    },
  };
};

/** A statement of the user's own for each row. */
export const rowStatement = (text: string): RowsStatement => ({
  check: async (client) => {
    await client.run(`PREPARE millrace_check AS ${text}`);
    await client.run('DEALLOCATE millrace_check');
  },
  execute: async (client, rows) => {
    for (const { json } of rows) {
      // an array of values, by `jsonOfValues`
      await client.query({ name: 'millrace_row', text, values: JSON.parse(json) as readonly unknown[] });
    }
  },
});
