import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { onCleanup } from '../support/cleanup.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { rejectsWith } from '../support/rejects-with.js';
import { numbered, PostgresRig } from '../support/rigs/postgres-rig.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import type { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

/* The invariants of `judge-position.ts` against a real server: what a database and a store that do not fit lead to. */

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

describe('the position of a sink to PostgreSQL', { ...SUITE_LIMIT, skip: postgresAbsence() ?? false }, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));

  /** A run of the job that writes these numbers and commits that they are delivered. */
  const run = async (rig: PostgresRig, from: number, to: number): Promise<void> => {
    const driver = await rig.open();
    driver.add(...numbered(from, to));
    await driver.drain();
    await driver.close();
  };

  it('SP3 a COMMIT whose answer was cut is decided by the position: each row is in once', async () => {
    const rig = await PostgresRig.create(server);
    await using proxy = await startChaosProxy({ to: server, opaque: true });
    const driver = await rig.open({ connection: { host: '127.0.0.1', port: proxy.port, user: 'postgres' } });
    // the answer that all is in, then the wish
    for (const [index, [from, words]] of (
      [
        ['server', 'INSERT 0'],
        ['client', '"n":'],
      ] as const
    ).entries()) {
      const has = ({ bytes }: { bytes: Uint8Array }) => bytesHave(bytes, words);
      const fault = proxy.cut({ when: { type: 'raw', from, where: has } });
      driver.add(...numbered(index * 10, index * 10 + 10));
      await driver.drain();
      await fault.fired();
    }
    await driver.close();
    assert.deepEqual(await rig.numbers(), upTo(20));
  });

  it('SP3 rows that are in, of which no commit of the store has heard, are passed over', async () => {
    const rig = await PostgresRig.create(server);
    const first = await rig.open();
    first.add(...numbered(0, 10));
    first.seal();
    first.commit();
    await until(async () => (await rig.numbers()).length === 10);
    await first.close();
    await run(rig, 10, 20);
    assert.deepEqual(await rig.numbers(), upTo(20));
  });

  it('SP3 one that was taken for dead, and lives, writes nothing more', async () => {
    const rig = await PostgresRig.create(server);
    const old = await rig.open();
    old.add(...numbered(0, 5));
    await old.drain();
    const young = await rig.open();
    // also where the other one has not written yet, and the position is where it was left
    old.add(...numbered(5, 8));
    const error = await rejectsWith('STORE_FENCED', old.drain());
    assert.match(error.message, /another process/);
    assert.deepEqual(await rig.numbers(), upTo(5));
    const youngest = await rig.open();
    youngest.add(...numbered(5, 10));
    await youngest.drain();
    young.add(...numbered(5, 8));
    await rejectsWith('STORE_FENCED', young.drain());
    assert.deepEqual(await rig.numbers(), upTo(10));
    for (const one of [old, young, youngest]) await one.close();
  });

  it('SP3 a transaction that is sent before the one in front is answered fails with it, whatever that fails of', async () => {
    const rig = await PostgresRig.create(server, 'n int CHECK (n <> 100)');
    const applicationName = rig.table;
    const connection = { host: '127.0.0.1', port: server.port, user: 'postgres', applicationName };
    const driver = await rig.open({ connection, onError: 'skip' });
    const hand = new pg.Client({ connectionString: server.url });
    await hand.connect();
    hand.on('error', () => {});
    onCleanup(() => hand.end());
    // the second and the third are on the server when the first is refused, is cancelled, or loses its connection
    for (const end of ['COMMIT', 'pg_cancel_backend', 'pg_terminate_backend']) {
      await hand.query(`BEGIN; LOCK TABLE ${rig.table} IN EXCLUSIVE MODE`);
      const from = (await rig.position())?.seq;
      driver.add(...numbered(Number(from), Number(from) + 192));
      driver.seal();
      driver.commit();
      await until(async () => (await server.query(`SELECT FROM pg_locks WHERE NOT granted`)).length > 0);
      if (end !== 'COMMIT')
        await server.query(`SELECT ${end}(pid) FROM pg_stat_activity WHERE application_name = $1`, [applicationName]);
      await hand.query('COMMIT');
      await driver.drain();
    }
    await driver.close();
    assert.deepEqual(
      await rig.numbers(),
      upTo(576).filter((n) => n !== 100),
    );
    const told = server.log.join('\n');
    assert.match(told, /millrace_position_moved/);
    assert.match(told, /canceling statement due to user request/);
  });

  it('SP1 a first start that died before the database had its identity is a first start again', async () => {
    const rig = await PostgresRig.create(server);
    const first = await rig.open();
    await first.close();
    await server.query('DELETE FROM millrace_sinks WHERE sink = $1', [rig.table]);
    await forgetSeen(rig.store);
    await run(rig, 0, 5);
    assert.deepEqual(await rig.numbers(), upTo(5));
  });

  it('a store that was deleted is refused, and takes the position over where that is said', async () => {
    const rig = await PostgresRig.create(server);
    await run(rig, 0, 10);
    rig.store = (await PostgresRig.create(server)).store;
    const error = await rejectsWith('DATABASE_NOT_OURS', rig.open());
    assert.match(`${error.message} ${error.advice}`, /another store.*takeOver/s);
    using told = new Told('sink-position-reset');
    const driver = await rig.open({ onUnknownPosition: 'takeOver' });
    driver.add(...numbered(10, 15));
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), upTo(15));
    assert.deepEqual(told.names, ['sink-position-reset']);
    await run(rig, 15, 20);
    assert.deepEqual(await rig.numbers(), upTo(20));
  });

  it('SP2 a store that went back to a backup, or is a copy, is refused', async () => {
    const rig = await PostgresRig.create(server);
    await run(rig, 0, 10);
    const backup = rig.store.reopen();
    await run(rig, 10, 20);
    rig.store = backup;
    await rejectsWith('DATABASE_NOT_OURS', rig.open());
    assert.deepEqual(await rig.numbers(), upTo(20));
  });

  it('SP6 a store that went back within one opening is refused, also when rows came before the database was reached', async () => {
    const rig = await PostgresRig.create(server);
    const driver = await rig.open();
    driver.add(...numbered(0, 10));
    await driver.drain();
    const backup = rig.store.reopen();
    driver.add(...numbered(10, 20));
    await driver.drain();
    await driver.close();
    rig.store = backup.reopen();
    await rejectsWith('DATABASE_NOT_OURS', rig.open());
    // it takes rows while the database is away, up to beyond what that has
    rig.store = backup.reopen();
    const { store } = rig;
    const context = { job: 'test', guarantee: 'exactly-once', durable: store } as const;
    const metrics = {
      counter: () => ({ add: () => {} }),
      gauge: () => ({ set() {}, collect() {} }),
      histogram: () => ({ observe() {} }),
    };
    const away = await rig
      .sink({ connection: { host: '127.0.0.1', port: 1 } })
      .createDurableWriter?.({ ...context, metrics, signal: new AbortController().signal }, (name) =>
        store.restore(name),
      );
    const [outbox] = away?.outboxes ?? [];
    assert.ok(away !== undefined && outbox !== undefined);
    const rows = away.prepare(numbered(10, 30)).rows.map(({ bytes }, index) => ({ seq: 10 + index, bytes }));
    store.apply({ name: outbox.name, added: rows, snapshot: outbox.snapshot(30), end: 30 });
    await away.close();
    await rejectsWith('DATABASE_NOT_OURS', rig.open());
    assert.deepEqual(await rig.numbers(), upTo(20));
  });

  it('SP6 a database that went back is refused, and its loss accepted where that is said', async () => {
    const rig = await PostgresRig.create(server);
    await run(rig, 0, 10);
    await server.query(`UPDATE millrace_sinks SET seq = 4 WHERE sink = $1`, [rig.table]);
    await server.query(`DELETE FROM ${rig.table} WHERE n >= 4`);
    const error = await rejectsWith('DATABASE_WENT_BACK', rig.open());
    assert.match(`${error.message} ${error.advice}`, /4 of the 10 rows.*onPositionLoss/s);
    const driver = await rig.open({ onPositionLoss: 'accept' });
    driver.add(...numbered(10, 12));
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), [0, 1, 2, 3, 10, 11]);
  });

  it('SP2 a database that went back to before the last opening is refused', async () => {
    const rig = await PostgresRig.create(server);
    await run(rig, 0, 10);
    await server.query('CREATE TABLE backup AS SELECT * FROM millrace_sinks WHERE sink = $1', [rig.table]);
    await run(rig, 10, 10);
    await run(rig, 10, 10);
    await server.query('DELETE FROM millrace_sinks WHERE sink = $1', [rig.table]);
    await server.query('INSERT INTO millrace_sinks SELECT * FROM backup');
    await rejectsWith('DATABASE_WENT_BACK', rig.open());
  });

  it('SP6 a failover that lost rows which the store still has ends the job, and the next start writes them again', async () => {
    const rig = await PostgresRig.create(server);
    const connection = { host: '127.0.0.1', port: server.port, user: 'postgres', applicationName: rig.table };
    const driver = await rig.open({ connection });
    driver.add(...numbered(0, 10));
    driver.seal();
    driver.commit();
    await until(async () => (await rig.numbers()).length === 10);
    // no commit has heard of it
    await server.query(
      `UPDATE millrace_sinks SET seq = 4 WHERE sink = '${rig.table}'; DELETE FROM ${rig.table} WHERE n >= 4`,
    );
    await server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
      rig.table,
    ]);
    const failure = async (): Promise<never> => {
      for (;;) await driver.writer.ready();
    };
    await rejectsWith('DATABASE_WENT_BACK', failure());
    await driver.close();
    await run(rig, 10, 12);
    assert.deepEqual(await rig.numbers(), upTo(12));
  });

  it('a table of positions that is gone is refused', async () => {
    const rig = await PostgresRig.create(server);
    await run(rig, 0, 10);
    await server.query('DELETE FROM millrace_sinks WHERE sink = $1', [rig.table]);
    await rejectsWith('DATABASE_WENT_BACK', rig.open());
  });

  it('many sinks that make the table of positions at once all open', async () => {
    const positionTable = 'made_at_once';
    const rigs = await Promise.all(upTo(8).map(() => PostgresRig.create(server)));
    const drivers = await Promise.all(rigs.map((rig) => rig.open({ positionTable })));
    await Promise.all(drivers.map((driver) => driver.close()));
    const [row] = await server.query(`SELECT count(*)::int AS count FROM ${positionTable}`);
    assert.equal(row?.count, 8);
  });

  it('without createTable a missing table of positions is named with the statement that makes it', async () => {
    const rig = await PostgresRig.create(server);
    const options = { createTable: false, positionSchema: 'public', positionTable: 'our "positions"' };
    const error = await rejectsWith('INVALID_OPTIONS', rig.open(options));
    const statement = /CREATE TABLE .*/.exec(error.advice ?? '')?.[0] ?? '';
    await server.query(statement);
    const driver = await rig.open(options);
    driver.add(...numbered(0, 3));
    await driver.drain();
    await driver.close();
    assert.deepEqual(await rig.numbers(), upTo(3));
  });
});

const bytesHave = (bytes: Uint8Array, text: string): boolean => Buffer.from(bytes).includes(text);

/** As the store was before the first look at the database. */
const forgetSeen = async (store: MemoryOutboxes): Promise<void> => {
  const record = store.record('position');
  await record.put({ ...(record.value as object), seen: undefined });
};
