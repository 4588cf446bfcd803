import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Engine, Pipeline, TestSources } from '../../src/index.js';
import { type OnConflict, PostgresSinks, PostgresSources } from '../../src/postgres/index.js';
import { MemoryStores } from '../../src/store/index.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { numbered, PostgresRig } from '../support/rigs/postgres-rig.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

/* What changes in a database under a job that runs, and tables that are not as a new user makes them. */

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

describe('a database that changes under a sink to PostgreSQL', {
  ...SUITE_LIMIT,
  skip: postgresAbsence() ?? false,
}, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } });
    await server.query('CREATE ROLE writer LOGIN SUPERUSER');
  });
  after(() => server.stop('immediate'));

  const CHANGES: Readonly<Record<string, readonly [away: (table: string) => string, back: (table: string) => string]>> =
    {
      'whose table is renamed, as in a migration': [
        (table) => `ALTER TABLE ${table} RENAME TO away`,
        (table) => `ALTER TABLE away RENAME TO ${table}`,
      ],
      'whose table of positions is away': [
        () => 'ALTER TABLE millrace_sinks RENAME TO away',
        () => 'ALTER TABLE away RENAME TO millrace_sinks',
      ],
      'whose user may not log in, as with another password': [
        () =>
          `ALTER ROLE writer NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writer'`,
        () => 'ALTER ROLE writer LOGIN',
      ],
      'whose user may not write': [
        (table) => `ALTER ROLE writer NOSUPERUSER; REVOKE ALL ON ${table}, millrace_sinks FROM writer`,
        () => 'ALTER ROLE writer SUPERUSER',
      ],
    };
  for (const [name, [away, back]] of Object.entries(CHANGES)) {
    it(`DB5 one ${name}, is tried again until it is as it was: each row is in once; at a first start it is refused`, async () => {
      const rig = await PostgresRig.create(server);
      const connection = { host: '127.0.0.1', port: server.port, user: 'writer', database: 'postgres' };
      await (await rig.open({ connection })).close();
      const options = { connection, createTable: false };
      const driver = await rig.open(options);
      driver.add(...numbered(0, 10));
      await driver.drain();
      using told = new Told('retrying');
      await server.query(away(rig.table));
      driver.add(...numbered(10, 20));
      driver.seal();
      driver.commit();
      await until(() => told.events.length > 1);
      await server.query(back(rig.table));
      await driver.drain();
      await driver.close();
      assert.deepEqual(await rig.numbers(), upTo(20));
      await server.query(away(rig.table));
      await assert.rejects(rig.open(options), { retryable: false });
      await server.query(back(rig.table));
    });
  }

  it('BW4 a row that ends its server process goes to onError when that has happened five times to it alone, the others are in', async () => {
    const rig = await PostgresRig.create(server);
    await server.query(
      `CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
        `IF NEW.n = 3 THEN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''kill -9 $PPID'''; END IF; RETURN NEW; END $$; ` +
        `CREATE TRIGGER crash BEFORE INSERT ON ${rig.table} FOR EACH ROW EXECUTE FUNCTION crash()`,
    );
    const driver = await rig.open({ onError: 'skip' });
    driver.add(...numbered(0, 6));
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [0, 1, 2, 4, 5]);
    assert.match(driver.letters.map(({ error }) => error.message).join(), /ended each of the 5 times .*08006/);
    assert.equal(server.log.filter((line) => line.includes('was terminated by signal 9')).length, 7);
  });

  it('BW4 a server that is stopped again and again under a row that is alone costs no row', async () => {
    const rig = await PostgresRig.create(server);
    await server.query(
      `CREATE TABLE slow AS SELECT; ` +
        `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` +
        `IF EXISTS (SELECT FROM slow) THEN PERFORM pg_sleep(60); END IF; RETURN NEW; END $$; ` +
        `CREATE TRIGGER wait BEFORE INSERT ON ${rig.table} FOR EACH ROW EXECUTE FUNCTION wait()`,
    );
    const driver = await rig.open({ onError: 'skip' });
    driver.add({ n: 1 });
    driver.seal();
    driver.commit();
    for (let round = 0; round < 7; round += 1) {
      await until(
        async () => (await server.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'`)).length > 0,
      );
      if (round === 6) await server.query('DELETE FROM slow');
      await server.stop('immediate');
      await server.start();
    }
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [1]);
    assert.deepEqual(driver.letters, []);
  });

  it('a column whose type becomes wider takes what it could not take before', async () => {
    const rig = await PostgresRig.create(server);
    const driver = await rig.open({ onError: 'skip' });
    driver.add({ n: 1 });
    await driver.drain();
    await server.query(`ALTER TABLE ${rig.table} ALTER COLUMN n TYPE bigint`);
    driver.add({ n: 2 }, { n: 3_000_000_000 }, { n: 4 });
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [1, 2, 3_000_000_000, 4]);
    assert.deepEqual(driver.letters, []);
  });

  it('columns that are not written are not looked at, and any name is a name', async () => {
    await server.query(
      `CREATE DOMAIN needed AS int NOT NULL; ` +
        'CREATE TABLE wide (ordinality int UNIQUE, place int, r int, j json, other needed DEFAULT 7)',
    );
    const columns = ['ordinality', 'place', 'r', 'j'];
    const rows = [1, 2, 1].map((ordinality, place) => ({ ordinality, place, r: place, j: { place } }));
    const kinds: readonly (OnConflict | undefined)[] = [
      { columns: ['ordinality'], action: 'nothing' },
      { columns: ['ordinality'], action: 'update' },
    ];
    for (const onConflict of kinds) {
      const sink = PostgresSinks.table<object>({
        connection: server.url,
        name: `wide ${onConflict?.action}`,
        table: 'wide',
        columns,
        createTable: true,
        ...(onConflict === undefined ? {} : { onConflict }),
      });
      const driver = await DurableSinkDriver.open({ sink, store: new MemoryOutboxes() });
      driver.add(...rows);
      await driver.drain();
      await driver.close();
      const found = await server.query('SELECT ordinality, place, other FROM wide ORDER BY ordinality');
      const place = onConflict?.action === 'update' ? 2 : 0;
      assert.deepEqual(found, [
        { ordinality: 1, place, other: 7 },
        { ordinality: 2, place: 1, other: 7 },
      ]);
    }
  });

  it('a table with rules of its own is refused by name, and a statement writes it', async () => {
    await server.query(
      'CREATE TABLE ruled (n int); CREATE TABLE copies (n int); ' +
        'CREATE RULE copy AS ON INSERT TO ruled DO ALSO INSERT INTO copies VALUES (NEW.n)',
    );
    const options = { connection: server.url, table: 'ruled', columns: ['n'], createTable: true };
    const sink = PostgresSinks.table<object>(options);
    const error = await rejectsWith('INVALID_OPTIONS', DurableSinkDriver.open({ sink, store: new MemoryOutboxes() }));
    assert.match(error.message, /rule/);
    const { connection } = options;
    const sql = 'INSERT INTO ruled VALUES ($1)';
    const statement = PostgresSinks.statement<number>({ connection, sql, bindFn: (n) => [n], name: 'ruled' });
    const driver = await DurableSinkDriver.open({ sink: statement, store: new MemoryOutboxes() });
    driver.add(1);
    await driver.drain();
    await driver.close();
    assert.deepEqual(await server.query('SELECT n FROM copies'), [{ n: 1 }]);
  });

  it('a name with U+0000 is refused as an option, that of the job at the opening', async () => {
    const options = { connection: server.url, table: 't', columns: ['n'] };
    for (const name of ['name', 'table', 'schema', 'positionTable', 'positionSchema']) {
      assert.throws(
        () => PostgresSinks.table({ ...options, [name]: 'a\0b' }),
        new RegExp(`${name} must be .*U\\+0000`),
      );
    }
    assert.throws(() => PostgresSinks.table({ ...options, columns: ['a\0b'] }), /columns must be .*U\+0000/);
    assert.throws(() => PostgresSources.queue({ table: 't', channel: 'a\0b' }), /channel must be .*U\+0000/);
    const rig = await PostgresRig.create(server);
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.items({ n: 1 })).writeTo(rig.sink());
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const job = engine.newJob(pipeline, { name: 'a\0b', processingGuarantee: 'exactly-once' });
    assert.match((await rejectsWith('INVALID_OPTIONS', job.join())).message, /name of its job must be .*U\+0000/);
  });
});
