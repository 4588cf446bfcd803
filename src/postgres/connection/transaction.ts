import { sqlFacts } from '../sql/sql-facts.js';
import type { SqlStatements } from './database-client.js';

/** Whatever the server has for a default. */
export const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/** Does it in a transaction; what an error of the server leaves of that is rolled back, so that the connection can be used. */
export const inTransaction = async (client: SqlStatements, work: () => Promise<void>): Promise<void> => {
  // answered before anything stands behind it: one that was cancelled begins no transaction
  await client.run(BEGIN);
  try {
    await work();
    await client.run('COMMIT');
  } catch (error) {
    // where that fails, so does whatever is asked of the connection next
    if (sqlFacts(error) !== undefined) await client.run('ROLLBACK').catch(() => {});
    throw error;
  }
};
