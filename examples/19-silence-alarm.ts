/*
 * Silence alarm: a timer for each device, which each of its readings sets anew. A device that says nothing for so long is told, and once it
 * speaks again that is told too. Timers are in the store: the one that was due while nothing ran fires at the next start.
 *
 *   npx tsx examples/19-silence-alarm.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, MqttSources, Pipeline, Sinks } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

const SILENCE_MS = 300; // Minutes, in earnest.

await using broker = await startBroker();
const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const told: string[] = [];

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('watchman')
      .broker(broker.url)
      .topic('readings/+')
      .qualityOfService(2)
      .keepSession()
      .mapToItemFn((topic) => ({ device: topic.slice('readings/'.length) }))
      .build(),
  )
  .groupingKey(({ device }) => device)
  .flatMapStateful(
    () => ({ silent: false }),
    (state, device, _reading, timers) => {
      timers.set('silence', timers.now + SILENCE_MS); // In place of the one that the reading before has set.
      if (!state.silent) return [];
      state.silent = false;
      return [`${device} is back`];
    },
    {
      onTimer: (state, device) => {
        state.silent = true;
        return [`${device} is silent`];
      },
    },
  )
  .setName('silence') // The store knows state and timers by this name.
  .writeTo(Sinks.list(told));

/** One run of the program. */
async function run(work: () => Promise<void>): Promise<void> {
  await using engine = Engine.embedded({ dir });
  const job = engine.newJob(pipeline, { name: 'alarms', processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  await work();
  await job.drain();
}
const reading = (device: string) => broker.publish(`readings/${device}`, '20', { qos: 2 });
const say = (line: string) => until(() => told.includes(line), line);

await run(async () => {
  await reading('boiler');
  await say('boiler is silent');
  await reading('boiler');
  await say('boiler is back');
});
console.log('stopped for a while; a timer of the boiler is set');
await new Promise((resolve) => setTimeout(resolve, 2 * SILENCE_MS));
told.length = 0;
await run(() => say('boiler is silent')); // It was due in between, and fires once.
console.log(told.join(', '));
await rm(dir, { recursive: true });
