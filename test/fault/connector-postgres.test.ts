import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { Engine, type JobEvent, Pipeline, type Sink, SinkBuilder, SourceBuilder } from '../../src/index.js';
import { MemoryStores } from '../../src/store/index.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

/*
 * Sinks as users write them, over the client that they use, against a real server that stops in the middle. Where a row is bad the server
 * says so by a code, and the whole transaction is lost.
 */

const COUNT = 600;
const BAD = [77, 300, 301];

const connected = (server: Postgres, table: string) =>
  SinkBuilder.sinkBuilder(table, async () => {
    const client = new pg.Client({ connectionString: server.url });
    // an idle connection that is cut: the next call fails
    client.on('error', () => {});
    await client.connect();
    return client;
  })
    .destroyFn((client) => client.end())
    .classifyErrorFn((error) => (/^2[23]/.test(String(Object(error).code)) ? 'permanent' : undefined))
    .timeoutMs(1000)
    .onError('skip');

const insert = (table: string): string => `INSERT INTO ${table} VALUES ($1, $2) ON CONFLICT (seq) DO NOTHING`;

const SINKS: Readonly<Record<string, (server: Postgres, table: string) => Sink<number>>> = {
  'row by row': (server, table) =>
    connected(server, table)
      .receiveFn<number>(async (client, value, seq) => void (await client.query(insert(table), [seq, value])))
      .build(),
  'in transactions of a flush': (server, table) =>
    connected(server, table)
      .receiveFn<number>(async (client, value, seq) => {
        await client.query('BEGIN').catch(() => {});
        await client.query(insert(table), [seq, value]);
      })
      .flushFn(async (client) => void (await client.query('COMMIT')))
      .build(),
  'in batches, each a transaction that nobody rolls back': (server, table) =>
    connected(server, table)
      .receiveBatchFn<number>(
        async (client, values, firstSeq) => {
          await client.query('BEGIN');
          for (const [index, value] of values.entries()) {
            await client.query(insert(table), [Number(firstSeq) + index, value]);
          }
          await client.query('COMMIT');
        },
        { maxBatchSize: 50 },
      )
      .build(),
};

const FAULTS: Readonly<Record<string, (server: Postgres, told: Told, goOn: () => void) => Promise<void>>> = {
  'stopped at once': async (server, told, goOn) => {
    await server.stop('immediate');
    goOn();
    await until(() => told.names.includes('retrying'));
    await server.start();
  },
  'standing still': async (server, told, goOn) => {
    server.suspend();
    goOn();
    await until(() => told.names.includes('retrying'));
    server.resume();
  },
};

/** How far the source may count: to the half before a fault, so that rows come behind it whatever the speed. */
interface Bound {
  end: number;
}

const numbers = (bound: Bound) =>
  SourceBuilder.stream('numbers', () => ({ next: 0 }))
    .fillBufferFn<number>((cursor, buffer) => {
      for (const end = Math.min(cursor.next + 20, bound.end); cursor.next < end; cursor.next += 1)
        buffer.add(cursor.next);
    })
    .createSnapshotFn(({ next }) => next)
    .restoreSnapshotFn((cursor, next) => {
      cursor.next = next;
    })
    .build();

const absence = postgresAbsence();

describe('a real database that stops under sinks of its users', absence ? { skip: absence } : SUITE_LIMIT, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const [fault, strike] of Object.entries(FAULTS)) {
    for (const [index, [how, sinkOf]] of Object.entries(SINKS).entries()) {
      it(
        `${fault}, written ${how}: every row is there once, the bad ones are skipped, the job goes on`,
        LIMIT,
        async () => {
          using told = new Told('retrying');
          const table = `t${fault.length}_${index}`;
          const checks = BAD.map((value) => `value <> ${value}`).join(' AND ');
          await server.query(`CREATE TABLE ${table} (seq bigint PRIMARY KEY, value int CHECK (${checks}))`);
          const rows = async () =>
            (await server.query(`SELECT value FROM ${table} ORDER BY seq`)).map(({ value }) => value);
          const bound: Bound = { end: COUNT / 2 };
          const events: JobEvent[] = [];
          const pipeline = Pipeline.create();
          pipeline.readFrom(numbers(bound)).writeTo(sinkOf(server, table));
          const job = Engine.embedded({ stores: new MemoryStores() }).newJob(pipeline, {
            name: table,
            processingGuarantee: 'exactly-once',
            onEvent: (event) => events.push(event),
          });
          await until(async () => (await rows()).length > 0);
          await strike(server, told, () => {
            bound.end = COUNT;
          });
          const good = Array.from({ length: COUNT }, (_, value) => value).filter((value) => !BAD.includes(value));
          await until(() => job.metrics().itemsDelivered === COUNT, { what: () => `${job.metrics().itemsDelivered}` });
          assert.deepEqual(await rows(), good);
          assert.equal(job.metrics().itemsSkipped, BAD.length);
          assert.equal(job.status, 'RUNNING');
          assert.ok(!events.some(({ kind }) => kind === 'restarting'));
          await job.drain();
        },
      );
    }
  }
});
