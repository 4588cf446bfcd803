import { MillraceError } from '../../../errors/millrace-error.js';
import type { DatabaseClient } from '../../connection/database-client.js';
import { quoteTable } from '../../sql/quote.js';
import { ID, type QueueTable } from './queue-sql.js';

/**
 * Whether the id tells all rows, as far as the database says: of two with one id the second would be done with the first, and one without an
 * id would never be given. Of views, foreign and partitioned tables it is not known.
 *
 * @throws MillraceError INVALID_OPTIONS
 */
export const checkId = async (
  client: DatabaseClient,
  source: string,
  { table: name, id }: QueueTable,
): Promise<void> => {
  const table = quoteTable(name);
  const { rows } = await client.query({ text: ID, values: [table, id] });
  if (rows[0] === undefined || rows[0].tells === true) return;
  throw new MillraceError(
    'INVALID_OPTIONS',
    `source "${source}": "${id}" of ${table} may be NULL, or the same in several rows`,
    {
      advice:
        'It tells the rows of the queue: make it the primary key of the table, or NOT NULL with a unique index of its own.',
      details: { table, id },
    },
  );
};
