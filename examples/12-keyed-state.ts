/*
 * State by key: a pipeline that remembers something of each device, and goes on where it was after a restart.
 *
 *   npx tsx examples/12-keyed-state.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, MqttSources, Pipeline, Sinks } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();
const dir = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const alarms: string[] = [];

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('thermometers')
      .broker(broker.url)
      .topic('temperature/+')
      .qualityOfService(2)
      .keepSession()
      .mapToItemFn((topic, message) => ({ device: topic.slice('temperature/'.length), degrees: Number(message) }))
      .build(),
  )
  // Everything behind it is by device.
  .groupingKey(({ device }) => device)
  .mapStateful(
    () => ({ hotInARow: 0 }), // The state of a device that was never seen.
    (state, device, { degrees }) => {
      state.hotInARow = degrees > 80 ? state.hotInARow + 1 : 0; // It is changed in place.
      return state.hotInARow === 3 ? `${device} is too hot` : undefined; // undefined: nothing goes on.
    },
  )
  .setName('hot-devices') // The store knows the state by this name: keep it.
  .writeTo(Sinks.list(alarms));

/** One run of the program: what it does to the state is durable when it ends, and when it is killed. */
async function run(...messages: readonly (readonly [string, string])[]): Promise<void> {
  await using engine = Engine.embedded({ dir });
  const job = engine.newJob(pipeline, { name: 'alarms', processingGuarantee: 'exactly-once' });
  await job.whenRunning();
  for (const [device, degrees] of messages) await broker.publish(`temperature/${device}`, degrees, { qos: 2 });
  await until(() => job.metrics().itemsAcknowledged >= messages.length, 'the messages');
  await job.drain();
}

await run(['boiler', '85'], ['oven', '90'], ['boiler', '91']);
console.log('after the first run:', alarms.length, 'alarms');
await run(['oven', '20'], ['boiler', '95'], ['oven', '99']);
console.log('after the second run:', alarms.join(', '));
await rm(dir, { recursive: true });
