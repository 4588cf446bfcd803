/*
 * Telemetry into a partitioned table of PostgreSQL, with rolling averages, dead letters and alarms that go back to the devices. The job is
 * killed with kill -9 and the server is stopped at once while it works: each reading is one row all the same, and each alarm one message.
 *
 *   npx tsx examples/16-postgres.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DeadLetter, Engine, MqttSinks, MqttSources, Pipeline, QualityOfService, type Sink } from 'millrace';
import { PostgresSinks, PostgresSources } from 'millrace/postgres';
import { endAll } from '../test/support/cleanup.js';
import { startMosquitto } from './support/start-mosquitto.js';
import { startExampleDatabase } from './support/start-postgres.js';
import { supervise } from './support/supervise.js';

interface Reading {
  readonly device: string;
  readonly at: string;
  readonly value: number;
}

interface Alarm {
  readonly device: string;
  readonly payload: string;
}

const TABLES = `
  CREATE TABLE readings (device text NOT NULL, at timestamptz NOT NULL, value float8 NOT NULL) PARTITION BY RANGE (at);
  CREATE TABLE readings_2026_03 PARTITION OF readings FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
  CREATE TABLE averages (device text PRIMARY KEY, average float8 NOT NULL, readings int NOT NULL);
  CREATE TABLE alarms (id bigserial PRIMARY KEY, claimed_by text, device text NOT NULL, payload text NOT NULL);
  CREATE TABLE rejected (origin text NOT NULL, reason text NOT NULL, item jsonb);`;

/** Of so many readings an average is made. */
const WINDOW = 5;
const ALARM_ABOVE = 95;
const READINGS = 200;

/** What runs in the process that is killed. */
async function run(broker: string, database: string, dir: string): Promise<void> {
  const sink = { connection: database, createTable: true } as const;
  // a dead letter is a row as well, in the same database
  const rejected = (name: string): Sink<DeadLetter> =>
    PostgresSinks.table<DeadLetter>({
      ...sink,
      name,
      table: 'rejected',
      columns: {
        origin: ({ origin }) => origin,
        reason: ({ error }) => error.message,
        item: ({ attributes, payload }) => attributes.item ?? { payload: Buffer.from(payload ?? []).toString() },
      },
    });

  const pipeline = Pipeline.create();
  const readings = pipeline.readFrom(
    MqttSources.builder()
      .clientId('plant')
      .broker(broker)
      .topic('plant/+')
      .qualityOfService(QualityOfService.EXACTLY_ONCE)
      .keepSession()
      .mapToItemFn((_topic, message) => JSON.parse(message.toString()) as Reading)
      .onError({ deadLetter: rejected('no JSON') })
      .build(),
  );
  readings.writeTo(
    PostgresSinks.table<Reading>({
      ...sink,
      table: 'readings',
      columns: { device: ({ device }) => device, at: ({ at }) => new Date(at), value: ({ value }) => value },
      // a value that is no number, a month that has no partition
      onError: { deadLetter: rejected('no row') },
    }),
  );
  readings
    .filter(({ value }) => Number.isFinite(value))
    .groupingKey(({ device }) => device)
    .mapStateful(
      () => ({ last: [] as number[], readings: 0 }),
      (state, device, { value }) => {
        state.last = [...state.last, value].slice(-WINDOW);
        state.readings += 1;
        const average = state.last.reduce((sum, one) => sum + one, 0) / state.last.length;
        return { device, average, readings: state.readings };
      },
    )
    .setName('averages')
    .writeTo(
      PostgresSinks.table({
        ...sink,
        table: 'averages',
        columns: ['device', 'average', 'readings'],
        onConflict: { columns: ['device'], action: 'update' },
      }),
    );
  readings
    .filter(({ value }) => value > ALARM_ABOVE)
    .map(({ device, value }): Alarm => ({ device, payload: `${value} is too much` }))
    .writeTo(PostgresSinks.table<Alarm>({ ...sink, table: 'alarms', columns: ['device', 'payload'] }));

  // and back: whoever adds a row to this table reaches the device once
  pipeline
    .readFrom(
      PostgresSources.queue<Alarm>({
        connection: database,
        name: 'alarms to devices',
        table: 'alarms',
        pollIntervalMs: 50,
        mapToItemFn: ({ device, payload }) => ({ device: String(device), payload: String(payload) }),
      }),
    )
    .writeTo(
      MqttSinks.builder()
        .clientId('plant-alarms')
        .broker(broker)
        .messageFn(({ device, payload }: Alarm) => ({ topic: 'alarms', payload: `${device}: ${payload}` }))
        .build(),
    );

  const job = Engine.embedded({ dir }).newJob(pipeline, { name: 'plant', processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  process.send?.('running');
  await job.join();
}

const readingOf = (number: number): number => (number * 37) % 100;

/** Of the message with this number: most are readings of March, some are none. */
const messageOf = (number: number): string => {
  if (number % 50 === 7) return 'not JSON';
  const at = number % 50 === 13 ? '1999-01-01T00:00:00Z' : new Date(Date.UTC(2026, 2, 1, 0, 0, number)).toISOString();
  return JSON.stringify({ device: `d${number % 4}`, at, value: readingOf(number) });
};

async function main(): Promise<void> {
  const database = await startExampleDatabase(TABLES);
  if (database === undefined) return;
  await using broker = await startMosquitto();
  const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
  const alarms: string[] = [];
  await broker.listen('alarms', (text) => alarms.push(text));
  await using worker = supervise(fileURLToPath(import.meta.url), 'run', broker.url, database.url, dir);
  await worker.start();
  for (let number = 0; number < READINGS; number += 1) {
    await broker.publish(`plant/d${number % 4}`, messageOf(number));
    if (number === 60 || number === 140) {
      await worker.end('SIGKILL');
      await worker.start();
    }
    if (number === 100) {
      await database.stop('immediate');
      await database.start();
    }
  }

  const numbers = Array.from({ length: READINGS }, (_, number) => number);
  const isJson = numbers.filter((number) => messageOf(number) !== 'not JSON');
  const rows = isJson.filter((number) => !messageOf(number).includes('1999'));
  const expected = {
    rows: rows.length,
    different: rows.length,
    rejected: READINGS - rows.length,
    averaged: isJson.length,
    alarms: isJson.filter((number) => readingOf(number) > ALARM_ABOVE).length,
  };
  const count = async () => {
    const [row] = await database.query(
      `SELECT (SELECT count(*)::int FROM readings) AS rows, (SELECT count(DISTINCT at)::int FROM readings) AS different,
              (SELECT count(*)::int FROM rejected) AS rejected, (SELECT coalesce(sum(readings), 0)::int FROM averages) AS averaged`,
    );
    return { ...row, alarms: alarms.length };
  };
  const wanted = JSON.stringify(expected);
  let found = '';
  for (let attempt = 0; attempt < 200 && found !== wanted; attempt += 1) {
    await sleep(100);
    found = JSON.stringify(await count());
  }
  await worker.end('SIGTERM');
  await rm(dir, { recursive: true });
  console.log(`${READINGS} messages, 2 kills of the job and 1 of the server: ${found}`);
  if (found !== wanted) throw new Error(`that is not exactly once: ${wanted}`);
}

const [role, brokerUrl, databaseUrl, directory] = process.argv.slice(2);
if (role === 'run' && brokerUrl !== undefined && databaseUrl !== undefined && directory !== undefined) {
  await run(brokerUrl, databaseUrl, directory);
} else {
  await main().finally(endAll);
}
