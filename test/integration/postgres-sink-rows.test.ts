import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { DeadLetter } from '../../src/connector/dead-letter.js';
import type { Sink } from '../../src/connector/sink.js';
import { Sinks } from '../../src/pipeline/samples/sinks.js';
import { PostgresSinks } from '../../src/postgres/index.js';
import { onCleanup } from '../support/cleanup.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { type Numbered, numbered, PostgresRig } from '../support/rigs/postgres-rig.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { until } from '../support/until.js';

const numbersOf = (letters: readonly DeadLetter[]): unknown[] =>
  letters.map(({ attributes }) => (attributes.item as Numbered).n);

describe('rows of a sink to PostgreSQL', { ...SUITE_LIMIT, skip: postgresAbsence() ?? false }, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));

  const writeAll = async <T>(sink: Sink<T>, items: readonly T[]): Promise<DurableSinkDriver<T>> => {
    const driver = await DurableSinkDriver.open({ sink, store: new MemoryOutboxes() });
    onCleanup(() => driver.close());
    driver.add(...items);
    await driver.drain();
    await driver.close();
    return driver;
  };

  it('values of JavaScript are those of the columns', async () => {
    const columns = {
      t: 'text',
      i: 'bigint',
      num: 'numeric(20,3)',
      f: 'float8',
      b: 'boolean',
      at: 'timestamptz',
      day: 'date',
      j: 'json',
      jb: 'jsonb',
      raw: 'bytea',
      ints: 'int[]',
      texts: 'text[]',
      nothing: 'int',
      short: 'varchar(5)',
    };
    const types = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
    await server.query(`CREATE TABLE types (${types.join(', ')})`);
    const row = {
      t: 'a "quote", a \\ and \u{1f600}',
      i: 9_223_372_036_854_775_807n,
      num: '12345678901234567.125',
      f: Number.NaN,
      b: true,
      at: new Date('2026-02-03T04:05:06.789Z'),
      day: '2026-02-03',
      j: { a: [1, null, 'x'], undefined: undefined },
      jb: ['a', { b: true }],
      raw: new Uint8Array([0, 1, 255]),
      ints: [1, null, 3],
      texts: ['a,b', '{c}', '"'],
      nothing: undefined,
      short: 'abcde',
    };
    await writeAll(
      PostgresSinks.table<typeof row>({
        connection: server.url,
        table: 'types',
        columns: Object.keys(columns),
        createTable: true,
      }),
      [row],
    );
    const [found] = await server.query('SELECT *, day::text AS day, i::text AS i FROM types');
    assert.deepEqual(found, {
      ...row,
      i: String(row.i),
      j: { a: [1, null, 'x'] },
      raw: Buffer.from(row.raw),
      nothing: null,
    });
  });

  it('names are names, whatever stands in them', async () => {
    const table = 'a"; DROP TABLE types; --';
    const column = 'the "value"; --';
    await server.query('CREATE SCHEMA "odd schema"');
    await server.query(`CREATE TABLE "odd schema"."${table.replaceAll('"', '""')}" ("the ""value""; --" int)`);
    const sink = PostgresSinks.table<number>({
      connection: server.url,
      name: "it's",
      schema: 'odd schema',
      table,
      columns: { [column]: (item) => item },
      createTable: true,
    });
    await writeAll(sink, [7]);
    const rows = await server.query(`SELECT * FROM "odd schema"."${table.replaceAll('"', '""')}"`);
    assert.deepEqual(rows, [{ [column]: 7 }]);
  });

  it('a row whose key is there stays or changes it, also when a key comes twice in a batch, or is NULL', async () => {
    interface Latest {
      readonly k: string | null;
      readonly v: number;
    }
    const items = [
      { k: 'a', v: 1 },
      { k: 'b', v: 2 },
      { k: 'a', v: 3 },
      { k: null, v: 4 },
      { k: null, v: 5 },
      { k: 'a', v: 6 },
    ];
    for (const action of ['nothing', 'update'] as const) {
      const table = `latest_${action}`;
      await server.query(`CREATE TABLE ${table} (k text UNIQUE, v int)`);
      const onConflict = { columns: ['k'], action };
      const options = { connection: server.url, table, columns: ['k', 'v'], onConflict, createTable: true };
      await writeAll(PostgresSinks.table<Latest>(options), items);
      const rows = await server.query(`SELECT k, v FROM ${table} ORDER BY k, v`);
      const a = action === 'update' ? 6 : 1;
      assert.deepEqual(rows, [
        { k: 'a', v: a },
        { k: 'b', v: 2 },
        { k: null, v: 4 },
        { k: null, v: 5 },
      ]);
    }
  });

  it('SP5 rows that the database refuses go to the letters in order, the others are in, in order', async () => {
    const rig = await PostgresRig.create(server, 'n int NOT NULL CHECK (n % 7 <> 3)');
    const driver = await rig.open({ onError: { deadLetter: Sinks.list<DeadLetter>([]) } });
    driver.add(...numbered(0, 100));
    await driver.drain();
    await driver.close();
    const isBad = ({ n }: Numbered) => n % 7 === 3;
    const [bad, good] = [true, false].map((which) =>
      numbered(0, 100)
        .filter((one) => isBad(one) === which)
        .map(({ n }) => n),
    );
    assert.deepEqual(await rig.numbers(), good);
    assert.deepEqual(numbersOf(driver.letters), bad);
    const [letter] = driver.letters;
    assert.equal(letter?.error.code, 'INVALID_MESSAGE');
    assert.match(letter.error.message, /violates check constraint .* \(SQLSTATE 23514\)/);
  });

  it('SP5 the letter of a refused row outlives a crash between the database and the store', async () => {
    const rig = await PostgresRig.create(server, 'n int NOT NULL CHECK (n <> 3)');
    const options = { onError: { deadLetter: Sinks.list<DeadLetter>([]) } };
    const first = await rig.open(options);
    first.add(...numbered(0, 6));
    first.seal();
    first.commit();
    await until(async () => (await rig.numbers()).length === 5);
    assert.deepEqual(first.letters, []);
    await first.close();
    const second = await rig.open(options);
    second.add(...numbered(6, 8));
    await second.drain();
    assert.deepEqual(numbersOf(second.letters), [3]);
    // nothing of it is kept once the store has it
    second.add(...numbered(8, 9));
    await second.drain();
    await second.close();
    assert.deepEqual((await rig.position())?.refused, []);
    assert.deepEqual(await rig.numbers(), [0, 1, 2, 4, 5, 6, 7, 8]);
  });

  it('SP5 hundreds of refused rows wait for the commits of their letters, and none is lost', async () => {
    const rig = await PostgresRig.create(server, 'n int NOT NULL CHECK (n < 0)');
    const driver = await rig.open({ onError: 'skip' });
    driver.add(...numbered(0, 600));
    await driver.drain();
    await driver.close();
    assert.equal(driver.letters.length, 600);
    assert.deepEqual(await rig.numbers(), []);
  });

  it('without onError the sink fails with the row, and goes on there when it is mended', async () => {
    const rig = await PostgresRig.create(server, 'n int NOT NULL CHECK (n <> 50)');
    const driver = await rig.open();
    driver.add(...numbered(0, 100));
    const error = await rejectsWith('INVALID_MESSAGE', driver.drain());
    assert.match(error.message, /SQLSTATE 23514/);
    await driver.close();
    await server.query(`ALTER TABLE ${rig.table} DROP CONSTRAINT ${rig.table}_n_check`);
    const next = await rig.open();
    await next.drain();
    await next.close();
    assert.deepEqual(
      await rig.numbers(),
      numbered(0, 100).map(({ n }) => n),
    );
  });

  it('a constraint that is looked at only at COMMIT refuses its row alone, too', async () => {
    await server.query('CREATE TABLE parents (id int PRIMARY KEY)');
    await server.query('INSERT INTO parents VALUES (1)');
    await server.query(
      'CREATE TABLE children (id serial, parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED)',
    );
    const sink = PostgresSinks.table<{ parent: number }>({
      connection: server.url,
      table: 'children',
      columns: ['parent'],
      onError: 'skip',
      createTable: true,
    });
    const driver = await writeAll(
      sink,
      [1, 2, 1].map((parent) => ({ parent })),
    );
    assert.equal(driver.letters.length, 1);
    assert.deepEqual(await server.query('SELECT parent FROM children ORDER BY id'), [{ parent: 1 }, { parent: 1 }]);
  });

  it('an item that is no row is rejected before it is stored, by column and kind', async () => {
    class Reading {}
    const given = [
      new Reading(),
      () => 1,
      Symbol('s'),
      new Map(),
      new Date(Number.NaN),
      { big: 1n },
      Promise.resolve(1),
    ];
    const sink = PostgresSinks.table<{ v: unknown }>({
      connection: server.url,
      name: 'kinds',
      table: 'latest_nothing',
      columns: ['v'],
      onError: 'skip',
      createTable: true,
    });
    const driver = await writeAll(
      sink,
      given.map((v) => ({ v })),
    );
    const messages = driver.letters.map(({ error }) => error.message);
    assert.equal(messages.length, given.length);
    assert.match(messages.at(-1) ?? '', /column "v" is a promise/);
    for (const message of messages.slice(0, -1)) assert.match(message, /column "v.* is /);
    assert.match(messages[0] ?? '', /an instance of Reading/);
  });

  it('what is not there or not allowed fails the opening by name, and shows no password', async () => {
    const rig = await PostgresRig.create(server);
    const password = 'very-secret';
    await server.query(`CREATE USER nobody_much PASSWORD '${password}'`);
    const connection = { host: '127.0.0.1', port: server.port, user: 'nobody_much', password, database: 'postgres' };
    const denied = await rejectsWith('NOT_AUTHORIZED', rig.open({ connection }));
    const missing = await rejectsWith('INVALID_OPTIONS', rig.open({ connection: { ...connection, database: 'none' } }));
    const unknown = PostgresSinks.table<Numbered>({ connection: server.url, table: 'not_there', columns: ['n'] });
    const column = PostgresSinks.table<Numbered>({ connection: server.url, table: rig.table, columns: ['m'] });
    const statement = PostgresSinks.statement({ connection: server.url, sql: 'INSERT INTO nowhere', bindFn: () => [] });
    const store = new MemoryOutboxes();
    const open = (sink: Sink<Numbered>) => rejectsWith('INVALID_OPTIONS', DurableSinkDriver.open({ sink, store }));
    const errors = [denied, missing, await open(unknown), await open(column), await open(statement)];
    for (const error of errors) assert.ok(!inspect(error, { depth: 9 }).includes(password));
    assert.match(
      errors.map(({ message }) => message).join('\n'),
      /permission denied.*"none" does not exist.*not_there.*"m".*syntax/s,
    );
  });

  it('options that are wrong are all told at once, and a wrong name with the nearest', () => {
    const options = {
      conection: 'x',
      table: 't',
      columns: ['a'],
      batchSize: 0,
      onConflict: { columns: ['b'], action: 'nothing' },
    };
    assert.throws(
      () => PostgresSinks.table(options as never),
      /did you mean "connection".*batchSize must be.*names "b", which is none of columns/s,
    );
    const connection = new URL('postgres://someone:very-secret@db/plant');
    assert.throws(
      () => PostgresSinks.table({ table: 't', columns: ['a'], connection } as never),
      ({ message }: Error) => /connection must be a string.*href/.test(message) && !message.includes('secret'),
    );
    // it would be cut off, and NULL be stored
    assert.throws(() => PostgresSinks.table({ table: 't', columns: ['n'.repeat(64)] }), /longer than the 63 bytes/);
    assert.throws(() => PostgresSinks.table({ table: 't', columns: ['a', 'b', 'a'] }), /columns has "a" twice/);
    assert.throws(
      () => PostgresSinks.table({ connection: 'mysql://someone:very-secret@db', table: 't', columns: ['a'] }),
      ({ message }: Error) => /connection must be a URL like postgres:/.test(message) && !message.includes('secret'),
    );
    assert.throws(() => PostgresSinks.table({} as never), /table is missing.*columns is missing/s);
    assert.throws(
      () => PostgresSinks.statement({ connection: 'not a url' } as never),
      /connection must be a URL.*sql is missing.*bindFn is missing/s,
    );
  });

  it('a statement runs once for each item, in its transaction', async () => {
    await server.query('CREATE TABLE counts (device text PRIMARY KEY, alarms int)');
    const sink = PostgresSinks.statement<string>({
      connection: server.url,
      sql: 'INSERT INTO counts VALUES ($1, 1) ON CONFLICT (device) DO UPDATE SET alarms = counts.alarms + $2',
      bindFn: (device) => [device, 1],
      createTable: true,
    });
    await writeAll(sink, ['a', 'b', 'a', 'a']);
    assert.deepEqual(await server.query('SELECT * FROM counts ORDER BY device'), [
      { device: 'a', alarms: 3 },
      { device: 'b', alarms: 1 },
    ]);
  });
});
