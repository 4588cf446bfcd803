import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { RetryStrategies } from '../../src/connector/index.js';
import { type ColumnValues, PostgresSinks } from '../../src/postgres/index.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { type DurableSinkFixture, durableSinkContract } from './durable-sink-contract.js';
import { sinkContract } from './sink-contract.js';

interface Item {
  readonly sequence: number;
}

let server: Postgres;
let tables = 0;

const columns: ColumnValues<Item> = ['sequence'];

/** A table of its own; what holds is a lock, what fails is an end of the connection without another try. */
const start = (kind: 'table' | 'statement') => async (): Promise<DurableSinkFixture<Item>> => {
  tables += 1;
  const table = `contract_${tables}`;
  await server.query(`CREATE TABLE ${table} (id serial, sequence int)`);
  const watcher = new pg.Client({ connectionString: server.url });
  const holder = new pg.Client({ connectionString: server.url });
  await Promise.all([watcher.connect(), holder.connect()]);
  let received: readonly number[] = [];
  const stopped = new AbortController();
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      const { rows } = await watcher.query(`SELECT sequence FROM ${table} ORDER BY id`);
      received = rows.map(({ sequence }: Item) => sequence);
      await sleep(5);
    }
  })();
  const options = {
    connection: { host: '127.0.0.1', port: server.port, user: 'postgres', applicationName: table },
    name: table,
    retryStrategy: RetryStrategies.never(),
    createTable: true,
  };
  const sink =
    kind === 'table'
      ? PostgresSinks.table<Item>({ ...options, table, columns })
      : PostgresSinks.statement<Item>({
          ...options,
          sql: `INSERT INTO ${table} (sequence) VALUES ($1)`,
          bindFn: ({ sequence }) => [sequence],
        });
  return {
    sink,
    item: (sequence) => ({ sequence }),
    received: () => received,
    hold: async () => {
      await holder.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    },
    release: async () => {
      await holder.query('ROLLBACK');
    },
    fail: async () => {
      await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [table]);
    },
    stop: async () => {
      stopped.abort();
      await watching;
      await Promise.all([watcher.end(), holder.end()]);
    },
  };
};

if (postgresAbsence() === undefined) {
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));
  for (const kind of ['table', 'statement'] as const) {
    sinkContract(`PostgresSinks.${kind}`, { start: start(kind), limits: {} });
    durableSinkContract(`PostgresSinks.${kind}`, { start: start(kind), guarantee: 'exactly-once', limits: {} });
  }
  durableSinkContract('PostgresSinks.table, at least once', {
    start: start('table'),
    guarantee: 'at-least-once',
    limits: { repeats: 'without the guarantee nothing in the database tells which rows are in' },
  });
}
