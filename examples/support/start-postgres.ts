import { type Postgres, postgresAbsence, startPostgres } from '../../test/support/servers/postgres.js';

/** A PostgreSQL of its own, in a temporary directory. Undefined where it is not installed: that is said. */
export async function startExampleDatabase(tables: string): Promise<Postgres | undefined> {
  if (postgresAbsence() !== undefined) return undefined;
  const database = await startPostgres();
  await database.query(tables);
  return database;
}
