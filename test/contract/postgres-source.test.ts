import { after, before } from 'node:test';
import { RetryStrategies } from '../../src/connector/index.js';
import { PostgresSources } from '../../src/postgres/index.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { type SourceFixture, sourceContract } from './source-contract.js';

let server: Postgres;
let tables = 0;

/** A table of its own; what fails is an end of the connection without another try. */
const start = (kind: 'queue' | 'marking queue' | 'changes') => async (): Promise<SourceFixture<number>> => {
  tables += 1;
  const table = `contract_${tables}`;
  await server.query(
    `CREATE TABLE ${table} (id bigserial PRIMARY KEY, claimed_by text, done_at timestamptz, sequence int)`,
  );
  let made = 0;
  const options = {
    connection: { host: '127.0.0.1', port: server.port, user: 'postgres', applicationName: table },
    table,
    channel: 'added',
    pollIntervalMs: 50,
    mapToItemFn: ({ sequence }: Readonly<Record<string, unknown>>) => Number(sequence),
    retryStrategy: RetryStrategies.never(),
  };
  const done = kind === 'marking queue' ? { done: 'done_at' } : {};
  return {
    source: kind === 'changes' ? PostgresSources.changes(options) : PostgresSources.queue({ ...options, ...done }),
    produce: async (count) => {
      const from = made;
      made += count;
      await server.query(
        `INSERT INTO ${table} (sequence) SELECT * FROM generate_series(${from}, ${made - 1}); NOTIFY added`,
      );
    },
    sequenceOf: (item) => item,
    acknowledged: async () => {
      const [row] = await server.query(`SELECT count(*) AS count FROM ${table} WHERE done_at IS NULL`);
      return made - Number(row?.count);
    },
    fail: async () => {
      await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [table]);
    },
    stop: () => {},
  };
};

if (postgresAbsence() === undefined) {
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));
  sourceContract('PostgresSources.queue', { start: start('queue'), limits: {} });
  sourceContract('PostgresSources.queue that marks', { start: start('marking queue'), limits: {} });
  sourceContract('PostgresSources.changes', {
    start: start('changes'),
    limits: {
      redelivery: 'without a store it begins anew',
      acknowledgement: 'where it stands is in the store alone',
    },
  });
}
