import { type Postgres, startPostgres } from '../../test/support/servers/postgres.js';

/** A cluster of its own, with what a server of a plant has: everything durable. */
export const startBenchPostgres = async (): Promise<Postgres> => {
  const server = await startPostgres({ settings: { shared_buffers: '256MB', max_wal_size: '4GB' } });
  await server.query(
    'CREATE TABLE readings (id bigint NOT NULL, device text NOT NULL, at timestamptz NOT NULL, value float8 NOT NULL)',
  );
  return server;
};
