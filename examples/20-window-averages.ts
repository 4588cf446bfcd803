/*
 * Averages of each device for each minute. A reading counts in the minute in which it was taken, by the clock of the device: one that was
 * held up on its way too, as long as it is no more than five seconds late. The windows are in the store: the program stops in the
 * middle of a minute, and the next one tells all of it.
 *
 *   npx tsx examples/20-window-averages.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateOperations, Engine, MqttSources, Pipeline, Sinks, WindowDefinition } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

interface Reading {
  readonly device: string;
  readonly at: number;
  readonly degrees: number;
}

const { allOf, averaging, counting } = AggregateOperations;
const MINUTE = 60_000;
const noon = Date.UTC(2030, 0, 1, 12);

await using broker = await startBroker();
const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const told: string[] = [];
const late: Reading[] = [];

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('averages')
      .broker(broker.url)
      .topic('readings/+')
      .qualityOfService(2)
      .keepSession()
      .mapToItemFn((topic, payload): Reading => {
        const { at, degrees } = JSON.parse(payload.toString());
        return { device: topic.slice('readings/'.length), at, degrees };
      })
      .build(),
  )
  .withTimestamps(({ at }) => at, 5_000, { maxFutureMs: Number.POSITIVE_INFINITY }) // The example plays in 2030.
  .groupingKey(({ device }) => device)
  .window(WindowDefinition.tumbling(MINUTE))
  .aggregate(allOf({ readings: counting(), mean: averaging(({ degrees }: Reading) => degrees) }), {
    lateItems: Sinks.list(late),
  })
  .setName('minutes') // The store knows the windows by this name.
  .map(({ key, start, value }) => {
    const minute = new Date(start).toISOString().slice(11, 16);
    return `${minute} ${key}: ${value.mean.toFixed(1)} degrees, of ${value.readings} readings`;
  })
  .writeTo(Sinks.list(told));

/** One run of the program. */
async function run(work: () => Promise<void>): Promise<void> {
  await using engine = Engine.embedded({ dir });
  const job = engine.newJob(pipeline, { name: 'averages', processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  await work();
  await job.drain();
}
const reading = (device: string, second: number, degrees: number) =>
  broker.publish(`readings/${device}`, JSON.stringify({ at: noon + second * 1000, degrees }), { qos: 2 });

await run(async () => {
  await reading('boiler', 10, 70);
  await reading('pump', 15, 20);
});
console.log('stopped at 12:00:15, in the middle of a minute');
await run(async () => {
  await reading('boiler', 61, 90); // The next minute; this one is open for five seconds more.
  await reading('boiler', 59, 72);
  await reading('pump', 70, 22); // Now it is over.
  await until(() => told.length === 2, 'the first minute');
  await reading('boiler', 30, 99); // Too late.
  await until(() => late.length === 1, 'the late reading');
});
for (const line of told) console.log(line);
console.log(`too late: ${late.map(({ device, degrees }) => `${device} ${degrees}`).join(', ')}`);
await rm(dir, { recursive: true });
