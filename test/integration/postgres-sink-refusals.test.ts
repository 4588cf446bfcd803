import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DeadLetter } from '../../src/connector/dead-letter.js';
import type { Sink } from '../../src/connector/sink.js';
import { PostgresSinks } from '../../src/postgres/index.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { rejectsWith } from '../support/rejects-with.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { type Numbered, numbered, PostgresRig } from '../support/rigs/postgres-rig.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

/* What a server says, and whether that is about a row, about the database, or nothing that stays. */

describe('refusals of a sink to PostgreSQL', { ...SUITE_LIMIT, skip: postgresAbsence() ?? false }, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));

  const writeAll = async <T>(sink: Sink<T>, items: readonly T[]): Promise<DurableSinkDriver<T>> => {
    const driver = await DurableSinkDriver.open({ sink, store: new MemoryOutboxes() });
    driver.add(...items);
    await driver.drain();
    await driver.close();
    return driver;
  };

  /** A trigger on the table of a rig. */
  const addTrigger = async ({ table }: PostgresRig, when: string, body: string): Promise<void> => {
    await server.query(
      `CREATE FUNCTION on_${table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$; ` +
        `CREATE TRIGGER on_rows ${when.replace('TABLE', table)} EXECUTE FUNCTION on_${table}()`,
    );
  };

  const messagesOf = (letters: readonly DeadLetter[]): string => letters.map(({ error }) => error.message).join('\n');

  it('sinks that make the table of positions at the same time do not disturb each other', async () => {
    for (let round = 0; round < 5; round += 1) {
      await server.query('DROP TABLE IF EXISTS millrace_sinks');
      const rigs = await Promise.all(Array.from({ length: 4 }, () => PostgresRig.create(server)));
      const drivers = await Promise.all(rigs.map((rig) => rig.open()));
      await Promise.all(drivers.map((driver) => driver.close()));
    }
  });

  it('an error code of a trigger of the user is a refusal, and so is a CASE that has none for the row', async () => {
    const raise = `RAISE EXCEPTION 'nope' USING ERRCODE = '45000';`;
    const bodies = [
      `IF NEW.n = 3 THEN ${raise} END IF; RETURN NEW;`,
      'CASE WHEN NEW.n <> 3 THEN RETURN NEW; END CASE;',
    ];
    for (const body of bodies) {
      const rig = await PostgresRig.create(server);
      await addTrigger(rig, 'BEFORE INSERT ON TABLE FOR EACH ROW', body);
      const driver = await rig.open({ onError: 'skip' });
      driver.add(...numbered(0, 6));
      await driver.drain();
      await driver.close();
      assert.deepEqual(await rig.numbers(), [0, 1, 2, 4, 5]);
      assert.match(messagesOf(driver.letters), /SQLSTATE (45000|20000)/);
    }
  });

  it('a row that an extension cannot take is refused when it has failed alone three times', async () => {
    const rig = await PostgresRig.create(server);
    const raise = `RAISE EXCEPTION 'parse error - invalid geometry' USING ERRCODE = 'XX000';`;
    await addTrigger(rig, 'BEFORE INSERT ON TABLE FOR EACH ROW', `IF NEW.n = 3 THEN ${raise} END IF; RETURN NEW;`);
    using told = new Told('retrying');
    const driver = await rig.open({ onError: 'skip' });
    driver.add(...numbered(0, 6));
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [0, 1, 2, 4, 5]);
    assert.equal(driver.letters.length, 1);
    assert.equal(told.events.length, 2);
  });

  it('a row that a policy of row-level security refuses goes to onError, the others are in', async () => {
    const rig = await PostgresRig.create(server);
    const { table } = rig;
    await server.query(
      `CREATE ROLE tenant LOGIN; GRANT CREATE ON SCHEMA public TO tenant; GRANT ALL ON ${table}, ${table}_id_seq TO tenant; ` +
        `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON ${table} WITH CHECK (n <> 3)`,
    );
    const connection = { host: '127.0.0.1', port: server.port, user: 'tenant', database: 'postgres' };
    const driver = await rig.open({ connection, positionTable: 'of_tenant', onError: 'skip' });
    driver.add(...numbered(0, 6));
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [0, 1, 2, 4, 5]);
    assert.match(messagesOf(driver.letters), /row-level security/);
    // where the position cannot be moved, that is told instead of tried for ever
    await server.query(
      'CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; ' +
        'CREATE TRIGGER keep BEFORE UPDATE ON of_tenant FOR EACH ROW EXECUTE FUNCTION keep()',
    );
    const error = await rejectsWith('INVALID_OPTIONS', rig.open({ connection, positionTable: 'of_tenant' }));
    assert.match(`${error.message} ${error.advice}`, /does not take .* trigger or a policy/);
  });

  it('a row with the words of a position that was moved is refused as any other', async () => {
    const rig = await PostgresRig.create(server);
    const driver = await rig.open({ onError: 'skip' });
    driver.add({ n: 1 }, { n: 'millrace_position_moved' as unknown as number }, { n: 2 });
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [1, 2]);
  });

  it('the log of the server has the row that was refused, and none that came with it', async () => {
    await server.query('CREATE TABLE logged (n int CHECK (n <> 3), secret text)');
    const columns = ['n', 'secret'];
    const options = { connection: server.url, table: 'logged', columns, onError: 'skip', createTable: true } as const;
    const items = numbered(0, 6).map(({ n }) => ({ n, secret: `secret ${n};` }));
    await writeAll(PostgresSinks.table<object>(options), items);
    await until(() => server.log.some((line) => line.includes('secret 3;')));
    const others = server.log.filter((line) => /secret [^3];/.test(line));
    assert.deepEqual(others, []);
  });

  it('a trigger for statements that wants rows does not refuse the opening', async () => {
    const rig = await PostgresRig.create(server);
    const body = `IF NOT EXISTS (SELECT FROM new_rows) THEN RAISE EXCEPTION 'no rows'; END IF; RETURN NULL;`;
    await addTrigger(rig, 'AFTER INSERT ON TABLE REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT', body);
    const driver = await rig.open();
    driver.add(...numbered(0, 3));
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [0, 1, 2]);
  });

  it('a view that takes no rows fails the opening', async () => {
    await server.query('CREATE VIEW firm AS SELECT 1 AS n UNION SELECT 2');
    const sink = PostgresSinks.table<Numbered>({
      connection: server.url,
      table: 'firm',
      columns: ['n'],
      createTable: true,
    });
    const error = await rejectsWith('INVALID_OPTIONS', DurableSinkDriver.open({ sink, store: new MemoryOutboxes() }));
    assert.match(error.message, /cannot insert into view "firm"/);
  });

  it('a batch that takes longer than a statement may is written in parts', async () => {
    const rig = await PostgresRig.create(server);
    await addTrigger(rig, 'BEFORE INSERT ON TABLE FOR EACH ROW', 'PERFORM pg_sleep(0.01); RETURN NEW;');
    const driver = await rig.open({ timeoutMs: 300 });
    driver.add(...numbered(0, 64));
    await driver.drain();
    await driver.close();
    assert.deepEqual(
      await rig.numbers(),
      numbered(0, 64).map(({ n }) => n),
    );
  });

  it('a table that is changed while the job runs is written as it is then', async () => {
    await server.query('CREATE TABLE moving (id serial, n int)');
    const sink = PostgresSinks.statement<number>({
      connection: server.url,
      name: 'moving',
      sql: 'INSERT INTO moving (n) VALUES ($1) RETURNING *',
      bindFn: (n) => [n],
      createTable: true,
    });
    const rig = await PostgresRig.create(server);
    const driver = await DurableSinkDriver.open({ sink, store: new MemoryOutboxes() });
    const other = await rig.open();
    for (const type of ['bigint', 'numeric', 'text']) {
      driver.add(1);
      other.add({ n: 1 });
      await Promise.all([driver.drain(), other.drain()]);
      for (const table of ['moving', rig.table]) {
        await server.query(
          `ALTER TABLE ${table} ALTER COLUMN n TYPE ${type}; ALTER TABLE ${table} ADD COLUMN more_${type} int`,
        );
      }
    }
    driver.add(1);
    other.add({ n: 1 });
    await Promise.all([driver.drain(), other.drain()]);
    await Promise.all([driver.close(), other.close()]);
    assert.deepEqual(await rig.numbers(), [1, 1, 1, 1]);
    assert.deepEqual(await server.query('SELECT count(*)::int AS count FROM moving'), [{ count: 4 }]);
  });

  it('an array with holes has NULL there, in a table and in a statement', async () => {
    await server.query('CREATE TABLE holes (a int[]); CREATE TABLE hollow (a int, b int, c int)');
    // biome-ignore lint/suspicious/noSparseArray: it is what is meant
    const a = [1, , 3];
    const common = { connection: server.url, createTable: true };
    await writeAll(PostgresSinks.table<object>({ ...common, table: 'holes', columns: ['a'] }), [{ a }]);
    const sql = 'INSERT INTO hollow VALUES ($1, $2, $3)';
    await writeAll(PostgresSinks.statement<object>({ ...common, name: 'hollow', sql, bindFn: () => a }), [{}]);
    assert.deepEqual(await server.query('SELECT * FROM holes'), [{ a: [1, null, 3] }]);
    assert.deepEqual(await server.query('SELECT * FROM hollow'), [{ a: 1, b: null, c: 3 }]);
  });

  it('half a surrogate pair and U+0000 are refused, and no other text is stored instead', async () => {
    await server.query('CREATE TABLE texts (t text)');
    const sink = PostgresSinks.statement<string>({
      connection: server.url,
      name: 'texts',
      sql: 'INSERT INTO texts VALUES ($1)',
      bindFn: (text) => [text],
      onError: 'skip',
      createTable: true,
    });
    const driver = await writeAll(sink, ['a\ud800', 'b\u0000', 'c']);
    assert.equal(driver.letters.length, 2);
    assert.deepEqual(await server.query('SELECT * FROM texts'), [{ t: 'c' }]);
  });

  it('limits of the role do not weaken a COMMIT, and do not end who waits', async () => {
    await server.query(
      `CREATE ROLE limited LOGIN SUPERUSER; ALTER ROLE limited SET synchronous_commit = off; ` +
        `ALTER ROLE limited SET idle_session_timeout = '1min'; CREATE TABLE limits (a text, b text)`,
    );
    const sink = PostgresSinks.statement<number>({
      connection: { host: '127.0.0.1', port: server.port, user: 'limited', database: 'postgres' },
      name: 'limits',
      sql: `INSERT INTO limits SELECT current_setting('synchronous_commit'), current_setting('idle_session_timeout')`,
      bindFn: () => [],
      createTable: true,
    });
    await writeAll(sink, [1]);
    assert.deepEqual(await server.query('SELECT * FROM limits'), [{ a: 'on', b: '0' }]);
  });

  it('what stands behind a semicolon of a statement is not run', async () => {
    await server.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
    const sql = 'INSERT INTO kept VALUES ($1); DELETE FROM kept';
    const sink = PostgresSinks.statement<object>({ connection: server.url, sql, bindFn: () => [2] });
    await rejectsWith('INVALID_OPTIONS', DurableSinkDriver.open({ sink, store: new MemoryOutboxes() }));
    assert.deepEqual(await server.query('SELECT * FROM kept'), [{ n: 1 }]);
  });
});
