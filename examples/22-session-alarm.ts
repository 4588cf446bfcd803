/*
 * One alarm for an episode, and not one for each reading: the readings of a machine that vibrates too much are put in sessions. A session
 * ends when all has been calm for five seconds, by the times of the readings. While it lasts it is told of as it is so far, and at its end once,
 * with all that belongs to it. Sessions are in the store, so a restart changes nothing of that (as in 20).
 *
 *   npx tsx examples/22-session-alarm.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AggregateOperations, Engine, MqttSources, Pipeline, Sinks, WindowDefinition } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

interface Vibration {
  readonly machine: string;
  readonly at: number;
  readonly mmPerSecond: number;
}

const { allOf, counting, max } = AggregateOperations;
const LIMIT = 7.1;
const CALM_MS = 5_000;
const TELL_EVERY_MS = 100; // A minute, in earnest.
const noon = Date.UTC(2030, 0, 1, 12);

await using broker = await startBroker();
const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const told: string[] = [];

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('alarms')
      .broker(broker.url)
      .topic('vibration/+')
      .qualityOfService(2)
      .keepSession()
      .mapToItemFn((topic, payload): Vibration => {
        const { at, mmPerSecond } = JSON.parse(payload.toString());
        return { machine: topic.slice('vibration/'.length), at, mmPerSecond };
      })
      .build(),
  )
  .withTimestamps(({ at }) => at, 1_000, { maxFutureMs: Number.POSITIVE_INFINITY }) // The example plays in 2030.
  .filter(({ mmPerSecond }) => mmPerSecond > LIMIT) // Behind the timestamps: calm readings say what time it is.
  .groupingKey(({ machine }) => machine)
  .window(WindowDefinition.session(CALM_MS).setEarlyResultsPeriod(TELL_EVERY_MS))
  .aggregate(allOf({ readings: counting(), worst: max(({ mmPerSecond }: Vibration) => mmPerSecond) }))
  .setName('episodes') // The store knows the sessions by this name.
  .map(({ key, start, end, value: { readings, worst }, isEarly }) => {
    const since = new Date(start).toISOString().slice(11, 19);
    if (isEarly) return `${key} vibrates since ${since}: ${readings} readings, up to ${worst} mm/s`;
    const seconds = (end - CALM_MS - start) / 1000;
    return `${key} vibrated from ${since} for ${seconds} s: ${readings} readings, up to ${worst} mm/s`;
  })
  .writeTo(Sinks.list(told));

const reading = (machine: string, second: number, mmPerSecond: number) =>
  broker.publish(`vibration/${machine}`, JSON.stringify({ at: noon + second * 1000, mmPerSecond }), { qos: 2 });
const say = (line: string) => until(() => told.includes(line), line);

await using engine = Engine.embedded({ dir });
const job = engine.newJob(pipeline, { name: 'alarms', processingGuarantee: 'exactly-once' });
await job.whenRunning();
await reading('press', 0, 2.1);
await reading('press', 1, 8.4);
await reading('press', 2, 9.2);
await say('press vibrates since 12:00:01: 2 readings, up to 9.2 mm/s'); // No further reading was needed for that.
await reading('press', 5, 8.8); // Less than five seconds later: it is the same episode.
await reading('press', 12, 2.0); // Calm for so long that it has ended.
await say('press vibrated from 12:00:01 for 4 s: 3 readings, up to 9.2 mm/s');
await job.drain();
for (const line of told) console.log(line);
await rm(dir, { recursive: true });
