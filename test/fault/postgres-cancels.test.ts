import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { IntervalFunctions, RetryStrategies } from '../../src/connector/index.js';
import type { Sink } from '../../src/connector/sink.js';
import { PostgresSinks } from '../../src/postgres/index.js';
import { howMany } from '../support/full-run.js';
import { killSeed } from '../support/kill/kill-seed.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { type Numbered, numbered } from '../support/rigs/postgres-rig.js';
import { SeededRandom } from '../support/seeded-random.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';

/*
 * Statements are cancelled and backends ended at random moments, between two of a transaction too, under rows of which some are refused: at
 * once, or only at COMMIT. SEED=n makes the same choices.
 */

const PROCESSES = 3;
const FAULTS = howMany({ sample: 40, full: 300 });
const ROWS = 40;
/** What the server says of the two faults. */
const STRUCK = ['canceling statement due to user request', 'terminating connection due to administrator command'];

/** Every 37th row is one that the database refuses. */
const isBad = (n: number): boolean => n % 37 === 3;

describe('a sink to PostgreSQL under cancels', { ...SUITE_LIMIT, skip: postgresAbsence() ?? false }, () => {
  let server: Postgres;
  let hand: pg.Client;
  before(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } });
    hand = new pg.Client({ connectionString: server.url });
    await hand.connect();
    await server.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n % 37 = 3 THEN ` +
        `RAISE EXCEPTION 'bad' USING ERRCODE = 'UX001'; END IF; RETURN NEW; END $$`,
    );
  });
  after(async () => {
    await hand.end();
    await server.stop('immediate');
  });

  const sinkOf = (kind: 'table' | 'statement', table: string): Sink<Numbered> => {
    const connection = { host: '127.0.0.1', port: server.port, user: 'postgres', applicationName: table };
    const retryStrategy = RetryStrategies.custom().intervalFunction(IntervalFunctions.constant(1)).build();
    const common = {
      connection,
      name: table,
      createTable: true,
      batchSize: 16,
      onError: 'skip',
      retryStrategy,
    } as const;
    if (kind === 'table') return PostgresSinks.table<Numbered>({ ...common, table, columns: ['n'] });
    return PostgresSinks.statement<Numbered>({
      ...common,
      sql: `INSERT INTO ${table} (n) VALUES ($1)`,
      bindFn: ({ n }) => [n],
    });
  };

  /** One process after another over one store, until both faults have struck. Gives how many rows there were, and what was refused. */
  const runUnderFaults = async (sink: Sink<Numbered>, table: string, random: SeededRandom) => {
    const from = server.log.length;
    const haveStruck = (): boolean => {
      const told = server.log.slice(from).join('\n');
      return STRUCK.every((words) => told.includes(words));
    };
    const letters: number[] = [];
    let store = new MemoryOutboxes();
    let end = 0;
    for (let process = 0; process < PROCESSES; process += 1) {
      store = store.reopen();
      const driver = await DurableSinkDriver.open({ sink, store });
      const isLast = process === PROCESSES - 1;
      for (let fault = 0; fault < FAULTS || (isLast && !haveStruck()); fault += 1) {
        driver.add(...numbered(end, end + ROWS));
        end += ROWS;
        driver.seal();
        driver.commit();
        await sleep(random.below(4));
        const call = random.below(4) === 0 ? 'pg_terminate_backend' : 'pg_cancel_backend';
        await hand.query(`SELECT ${call}(pid) FROM pg_stat_activity WHERE application_name = '${table}'`);
      }
      if (isLast) await driver.drain();
      await driver.close();
      letters.push(...driver.letters.map(({ attributes }) => numberOf(attributes.item)));
    }
    return { end, letters };
  };

  for (const kind of ['table', 'statement'] as const) {
    for (const when of ['BEFORE', 'CONSTRAINT'] as const) {
      it(`SP3, SP5 each row of a ${kind} is in or refused, once and in order (${when})`, async (t) => {
        t.diagnostic(`SEED=${killSeed}`);
        const table = `${kind}_${when}`.toLowerCase();
        await server.query(`CREATE TABLE ${table} (id serial, n int)`);
        const trigger =
          when === 'BEFORE'
            ? `CREATE TRIGGER bad BEFORE INSERT ON ${table}`
            : `CREATE CONSTRAINT TRIGGER bad AFTER INSERT ON ${table} DEFERRABLE INITIALLY DEFERRED`;
        await server.query(`${trigger} FOR EACH ROW EXECUTE FUNCTION refuse()`);
        const { end, letters } = await runUnderFaults(sinkOf(kind, table), table, new SeededRandom(killSeed));
        const rows = (await server.query(`SELECT n FROM ${table} ORDER BY id`)).map(({ n }) => Number(n));
        const all = numbered(0, end).map(({ n }) => n);
        assert.deepEqual(letters, all.filter(isBad));
        assert.deepEqual(
          rows,
          all.filter((n) => !isBad(n)),
        );
      });
    }
  }
});

/** Of the item itself, or of the values of a statement. */
const numberOf = (item: unknown): number => Number(Array.isArray(item) ? item[0] : (item as Numbered).n);
