import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DeadLetter } from '../../src/connector/dead-letter.js';
import type { OpenContext } from '../../src/connector/index.js';
import type { Source } from '../../src/connector/source.js';
import type { SourceReader } from '../../src/connector/source-reader.js';
import { MetricsRegistry } from '../../src/metrics/metrics-registry.js';
import { type PostgresChangesOptions, PostgresSources } from '../../src/postgres/index.js';
import { PATIENCE_MS, SUITE_LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { MemoryRecords } from '../support/store/memory-records.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';
import { within } from '../support/within.js';

const never = new AbortController().signal;

const contextOf = (durable: MemoryRecords, restored?: unknown): OpenContext => ({
  job: 'test',
  guarantee: 'exactly-once',
  metrics: new MetricsRegistry(),
  signal: never,
  durable,
  ...(restored === undefined ? {} : { restored }),
});

/** Polls until there are so many. */
const take = async <T>(reader: SourceReader<T>, count: number): Promise<T[]> => {
  const items: T[] = [];
  while (items.length < count) {
    await within(reader.ready(), PATIENCE_MS, `${count} rows, after ${items.length}`);
    items.push(...reader.poll(count - items.length).items);
  }
  return items;
};

describe('sources from PostgreSQL', { ...SUITE_LIMIT, skip: postgresAbsence() ?? false }, () => {
  let server: Postgres;
  let tables = 0;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));

  /** Of the test under way: what it leaves open, as when it fails, is closed behind it. */
  const opened: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });

  const openReader = async <T>(
    source: Source<T>,
    records: MemoryRecords,
    restored?: unknown,
  ): Promise<SourceReader<T>> => {
    const reader = await source.createReader(contextOf(records, restored));
    opened.push(() => reader.close());
    return reader;
  };

  const createTable = async (): Promise<string> => {
    tables += 1;
    const table = `source_${tables}`;
    await server.query(`CREATE TABLE ${table} (id bigserial PRIMARY KEY, claimed_by text, text text)`);
    return table;
  };

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    opened.push(() => client.end());
    return client;
  };

  const idsOf = ({ id }: Readonly<Record<string, unknown>>) => Number(id);

  const changesOf = (table: string, options: Partial<PostgresChangesOptions<number>> = {}): Source<number> =>
    PostgresSources.changes({ connection: server.url, table, pollIntervalMs: 20, mapToItemFn: idsOf, ...options });

  it('CW1 a row is given only when no transaction can put one before it; what holds it back is told', async () => {
    const table = await createTable();
    using told = new Told('changes-held-back');
    const reader = await openReader(changesOf(table), new MemoryRecords());
    const slow = await connect();
    await slow.query(`BEGIN; INSERT INTO ${table} (text) VALUES ('slow')`);
    await server.query(`INSERT INTO ${table} (text) VALUES ('quick')`);
    const { data } = await until(() => told.events[0]);
    const { pids } = data as { readonly pids: readonly number[] };
    const { rows } = await slow.query('SELECT pg_backend_pid() AS pid');
    assert.deepEqual(pids, [rows[0].pid]);
    assert.deepEqual(reader.poll(10).items, []);
    await slow.query('COMMIT');
    assert.deepEqual(await take(reader, 2), [1, 2]);
    await reader.close();
  });

  it('CW2 of many writers that commit and roll back in any order each row is given once, in ascending order', async (t) => {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
    t.diagnostic(`SEED=${seed}`);
    const random = new SeededRandom(seed);
    const table = await createTable();
    const reader = await openReader(changesOf(table, { batchSize: 7 }), new MemoryRecords());
    const writer = async (): Promise<void> => {
      const client = await connect();
      for (let round = 0; round < 15; round += 1) {
        await client.query('BEGIN');
        for (let row = random.below(4); row >= 0; row -= 1) {
          await client.query(`INSERT INTO ${table} (text) VALUES ('x')`);
          await sleep(random.below(6));
        }
        await client.query(random.chance(0.2) ? 'ROLLBACK' : 'COMMIT');
      }
    };
    const writing = Promise.all(Array.from({ length: 6 }, writer));
    const given: number[] = [];
    const isDone = async (): Promise<boolean> => {
      given.push(...reader.poll(5).items);
      const [row] = await server.query(`SELECT count(*) AS count FROM ${table}`);
      return given.length >= Number(row?.count);
    };
    while (!(await Promise.race([writing.then(() => true), sleep(1, false)]))) given.push(...reader.poll(5).items);
    await until(isDone);
    await reader.close();
    const rows = await server.query(`SELECT id FROM ${table} ORDER BY id`);
    assert.deepEqual(given, rows.map(idsOf));
  });

  it('a partition that is read waits for who writes through the table above it', async () => {
    await server.query(
      'CREATE TABLE split (id bigserial, kind int) PARTITION BY LIST (kind); ' +
        'CREATE TABLE split_1 PARTITION OF split FOR VALUES IN (1); CREATE TABLE split_2 PARTITION OF split FOR VALUES IN (2)',
    );
    const reader = await openReader(changesOf('split'), new MemoryRecords());
    const slow = await connect();
    await slow.query('BEGIN; INSERT INTO split (kind) VALUES (2)');
    await server.query('INSERT INTO split (kind) VALUES (1)');
    await sleep(200);
    assert.deepEqual(reader.poll(10).items, []);
    await slow.query('COMMIT');
    assert.deepEqual(await take(reader, 2), [1, 2]);
    await reader.close();
  });

  it('goes on behind the last commit, and from the end where that is said, once and for all', async () => {
    const table = await createTable();
    const insert = (count: number) =>
      server.query(`INSERT INTO ${table} (text) SELECT 'x' FROM generate_series(1, ${count})`);
    await insert(3);
    const records = new MemoryRecords();
    const source = changesOf(table, { startAt: 'end' });
    const first = await openReader(source, records);
    await insert(2);
    assert.deepEqual(await take(first, 2), [4, 5]);
    await first.close();
    // nothing was committed: the same again
    const second = await openReader(source, records);
    assert.deepEqual(await take(second, 2), [4, 5]);
    const { state } = second.snapshot(0);
    await second.close();
    const third = await openReader(source, records, state);
    assert.deepEqual(await take(third, 1), [5]);
    await third.close();
  });

  it('DB5 a table that is away for a while, as in a migration, is waited for: each row is given once', async () => {
    for (const kind of ['queue', 'changes'] as const) {
      const table = await createTable();
      const options = { connection: server.url, table, pollIntervalMs: 20, mapToItemFn: idsOf };
      const reader = await openReader(PostgresSources[kind](options), new MemoryRecords());
      await server.query(`INSERT INTO ${table} (text) VALUES ('x')`);
      const given = await take(reader, 1);
      using told = new Told('retrying');
      await server.query(`ALTER TABLE ${table} RENAME TO away`);
      await until(() => told.events.length > 1);
      await server.query(`ALTER TABLE away RENAME TO ${table}; INSERT INTO ${table} (text) VALUES ('y')`);
      given.push(...(await take(reader, 1)));
      assert.deepEqual(given, [1, 2]);
      await reader.close();
    }
  });

  it('a database that was put back, and a sequence with values taken ahead, are refused', async () => {
    const table = await createTable();
    const state = { version: 1, last: '50' };
    await server.query(`INSERT INTO ${table} (text) VALUES ('x')`);
    const open = () => openReader(changesOf(table), new MemoryRecords(), state);
    await rejectsWith('DATABASE_WENT_BACK', open());
    await server.query(`ALTER SEQUENCE ${table}_id_seq CACHE 10`);
    await rejectsWith('INVALID_OPTIONS', open());
    await rejectsWith('INVALID_OPTIONS', openReader(changesOf('nowhere'), new MemoryRecords()));
  });

  it('a column whose values do not ascend is refused: rows would be left out', async () => {
    const table = await createTable();
    const sequence = `${table}_id_seq`;
    await server.query(`ALTER TABLE ${table} ADD at timestamptz DEFAULT now(), ADD key uuid DEFAULT gen_random_uuid()`);
    for (const column of ['at', 'key', 'text']) {
      await rejectsWith('INVALID_OPTIONS', openReader(changesOf(table, { column }), new MemoryRecords()));
    }
    for (const change of ['CYCLE', 'NO CYCLE INCREMENT -1']) {
      await server.query(`ALTER SEQUENCE ${sequence} MINVALUE -5 ${change}`);
      await rejectsWith('INVALID_OPTIONS', openReader(changesOf(table), new MemoryRecords()));
    }
    await server.query(`ALTER SEQUENCE ${sequence} INCREMENT 1`);
    await openReader(changesOf(table), new MemoryRecords());
  });

  it('an id of a queue that does not tell its rows is refused: one would be done with another', async () => {
    const table = await createTable();
    const open = () => openReader(PostgresSources.queue({ connection: server.url, table }), new MemoryRecords());
    await server.query(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`);
    await rejectsWith('INVALID_OPTIONS', open());
    await server.query(
      `CREATE UNIQUE INDEX ON ${table} (id) WHERE text = 'x'; CREATE UNIQUE INDEX ON ${table} (id, text)`,
    );
    await rejectsWith('INVALID_OPTIONS', open());
    await server.query(`CREATE UNIQUE INDEX ON ${table} (id)`);
    await open();
    await server.query(`ALTER TABLE ${table} ALTER id DROP NOT NULL`);
    await rejectsWith('INVALID_OPTIONS', open());
  });

  it('a NOTIFY wakes it long before the next look', async () => {
    const table = await createTable();
    const options = {
      connection: server.url,
      table,
      channel: 'My "channel"',
      pollIntervalMs: 3_600_000,
      mapToItemFn: idsOf,
    };
    const sources = [PostgresSources.changes(options), PostgresSources.queue(options)];
    for (const [index, source] of sources.entries()) {
      const reader = await openReader(source, new MemoryRecords());
      if (index === 1) await take(reader, 1);
      const ready = reader.ready();
      // it has looked, and sleeps
      await sleep(100);
      await server.query(`INSERT INTO ${table} (text) VALUES ('x'); NOTIFY "My ""channel"""`);
      await ready;
      await reader.close();
    }
  });

  it('QB1 two jobs share a queue: each row is given to one of them', async () => {
    const table = await createTable();
    await server.query(`INSERT INTO ${table} (text) SELECT 'x' FROM generate_series(1, 100)`);
    const options = { connection: server.url, table, pollIntervalMs: 20, batchSize: 8, mapToItemFn: idsOf };
    const jobs = ['one', 'two'].map((name) => PostgresSources.queue({ ...options, name }));
    const readers = await Promise.all(jobs.map((job) => openReader(job, new MemoryRecords())));
    const given: number[] = [];
    await until(() => {
      for (const reader of readers) {
        const { items, last } = reader.poll(8);
        given.push(...items);
        reader.committed(reader.snapshot(last).mark);
      }
      return given.length >= 100;
    });
    await Promise.all(readers.map((reader) => reader.close()));
    assert.deepEqual(
      given.sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    assert.deepEqual(await server.query(`SELECT id FROM ${table}`), []);
  });

  it('a store that is lost is refused while rows are claimed with it, and takes them over where that is said', async () => {
    const table = await createTable();
    await server.query(`INSERT INTO ${table} (text) VALUES ('x'), ('y')`);
    const options = { connection: server.url, table, pollIntervalMs: 20, mapToItemFn: idsOf };
    const first = await openReader(PostgresSources.queue(options), new MemoryRecords());
    await take(first, 2);
    await first.close();
    const records = new MemoryRecords();
    await rejectsWith('DATABASE_NOT_OURS', openReader(PostgresSources.queue(options), records));
    const taking = PostgresSources.queue({ ...options, onUnknownClaims: 'takeOver' });
    const second = await openReader(taking, records);
    assert.deepEqual(await take(second, 2), [1, 2]);
    await second.close();
  });

  it('the server at a stop costs a queue no row and none twice', async () => {
    const table = await createTable();
    const source = PostgresSources.queue({ connection: server.url, table, pollIntervalMs: 20, mapToItemFn: idsOf });
    const reader = await openReader(source, new MemoryRecords());
    const given: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await server.query(`INSERT INTO ${table} (text) SELECT 'x' FROM generate_series(1, 10)`);
      given.push(...(await take(reader, 5)));
      await server.stop('immediate');
      reader.committed(reader.snapshot(given.length - 1).mark);
      await server.start();
      given.push(...(await take(reader, 5)));
    }
    reader.committed(reader.snapshot(given.length - 1).mark);
    await until(async () => (await server.query(`SELECT id FROM ${table}`)).length === 0);
    await reader.close();
    // a sequence may leave out values when its server dies
    assert.deepEqual(
      given,
      [...new Set(given)].sort((a, b) => a - b),
    );
    assert.equal(given.length, 30);
  });

  it('a row of which no item can be made goes where onError says, or fails the source by name', async () => {
    const table = await createTable();
    await server.query(`INSERT INTO ${table} (text) VALUES ('a'), ('bad'), ('c')`);
    const mapToItemFn = ({ text }: Readonly<Record<string, unknown>>): unknown => {
      if (text === 'bad') throw new Error('not this one');
      return text;
    };
    const options = { connection: server.url, table, mapToItemFn };
    const open = (source: Source<unknown>) => openReader(source, new MemoryRecords());
    const skipping = await open(PostgresSources.changes({ ...options, onError: 'skip' }));
    await skipping.ready();
    const { items, rejected, last } = skipping.poll(10);
    await skipping.close();
    assert.deepEqual([items, last, rejected.map(({ position }) => position)], [['a', 'c'], 2, [1]]);
    const letter: DeadLetter | undefined = rejected[0]?.letter;
    assert.match(letter?.error.message ?? '', /mapToItemFn of source "postgres source_\d+", row 2.*not this one/);
    const failing = await open(PostgresSources.changes(options));
    await failing.ready();
    assert.throws(() => failing.poll(10), /row 2/);
    assert.equal((await failing.failed)?.code, 'USER_FUNCTION_FAILED');
    await failing.close();
  });
});
