/*
 * A mistake in production, and the way back: the state from before it was exported, what came since is replayed from an archive, and the
 * corrected job goes on with the session of the one before, for which the broker has kept what came while none ran.
 *
 *   npx tsx examples/24-replay-from-a-snapshot.ts
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AggregateOperations,
  Engine,
  type Job,
  type JobOptions,
  MqttSources,
  Pipeline,
  Sinks,
  TestSources,
} from 'millrace';
import { startMosquitto } from './support/start-mosquitto.js';
import { until } from './support/until.js';

interface Reading {
  readonly meter: string;
  readonly wattHours: number;
}

await using broker = await startMosquitto();
const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const archive: Reading[] = []; // In earnest a table: example 16 writes one.

/** Adds up what each meter says, in kilowatt hours. `replayed` comes first. */
function energy(told: string[], toKilo: (wattHours: number) => number, replayed: readonly Reading[] = []): Pipeline {
  const pipeline = Pipeline.create();
  const live = pipeline.readFrom(
    MqttSources.builder()
      .clientId('meters')
      .broker(broker.url)
      .topic('energy/+')
      .qualityOfService(2)
      .keepSession()
      .onUnknownSession('adopt') // A job that begins anew knows nothing of the session, and goes on with it.
      .mapToItemFn((topic, payload): Reading => ({ meter: topic.slice('energy/'.length), wattHours: Number(payload) }))
      .build(),
  );
  live.writeTo(Sinks.list(archive)).setName('archive');
  live
    .merge(pipeline.readFrom(TestSources.items(...replayed)).setName('replay'))
    .groupingKey(({ meter }) => meter)
    .rollingAggregate(AggregateOperations.summing(({ wattHours }: Reading) => toKilo(wattHours)))
    .setName('totals') // The snapshot has the state under this name.
    .map(({ key, value }) => `${key}: ${value} kWh`)
    .writeTo(Sinks.list(told));
  return pipeline;
}

/** One run of the program. */
async function run(pipeline: Pipeline, options: JobOptions, work: (job: Job) => Promise<void>): Promise<void> {
  await using engine = Engine.embedded({ dir });
  const job = engine.newJob(pipeline, { processingGuarantee: 'exactly-once', ...options });
  await job.whenRunning();
  await work(job);
  await job.drain(); // In order: nothing is in flight when it ends.
}
const reading = (meter: string, wattHours: number) => broker.publish(`energy/${meter}`, String(wattHours));

const right: string[] = [];
let archived = 0;
await run(
  energy(right, (wattHours) => wattHours / 1000),
  { name: 'energy' },
  async (job) => {
    await reading('boiler', 5000);
    await reading('boiler', 7000);
    await until(() => right.length === 2 && archive.length === 2, 'the readings');
    const { name, undelivered } = await job.exportSnapshot('before-1.4');
    archived = archive.length;
    console.log(`exported ${name}, ${undelivered} undelivered`);
  },
);
console.log(right.at(-1));

const wrong: string[] = [];
await run(
  energy(wrong, (wattHours) => wattHours), // Version 1.4 forgets to divide.
  { name: 'energy' },
  async () => {
    await reading('boiler', 3000);
    await until(() => wrong.length === 1 && archive.length === 3, 'the reading');
  },
);
console.log(`${wrong.at(-1)}, which is wrong`);
await reading('boiler', 4000); // Nothing runs: the broker keeps it.

const corrected: string[] = [];
await run(
  energy(corrected, (wattHours) => wattHours / 1000, archive.slice(archived)),
  { name: 'energy-2', initialSnapshot: 'before-1.4' },
  async () => {
    await until(() => corrected.length === 2, 'what was replayed, and what was kept');
    await reading('boiler', 1000);
    await until(() => corrected.length === 3, 'the last reading');
  },
);
console.log(`${corrected.at(-1)}, from all readings`);
assert.deepEqual(
  [right.at(-1), wrong.at(-1), corrected.at(-1)],
  ['boiler: 12 kWh', 'boiler: 3012 kWh', 'boiler: 20 kWh'],
);
await rm(dir, { recursive: true });
