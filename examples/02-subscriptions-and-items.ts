/*
 * Several filters, each with its own QoS; items of one's own making; a filter that narrows the type.
 *
 *   npx tsx examples/02-subscriptions-and-items.ts
 */
import { Engine, MqttSources, Pipeline, QualityOfService, Sinks, Subscription } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();

interface Reading {
  readonly kind: 'reading';
  readonly sensor: string;
  readonly value: number;
}
interface Alarm {
  readonly kind: 'alarm';
  readonly text: string;
}

const source = MqttSources.builder()
  .broker(broker.url)
  .subscriptions(
    Subscription.of('sensor/+/value', QualityOfService.AT_MOST_ONCE),
    Subscription.of('alarm/#', QualityOfService.EXACTLY_ONCE),
  )
  // The message has topic, payload, qos, retain, dup, properties, toString() and json().
  .mapToItemFn((topic, message): Reading | Alarm =>
    topic.startsWith('alarm/')
      ? { kind: 'alarm', text: `${message.toString()} (QoS ${message.qos})` }
      : { kind: 'reading', sensor: topic.split('/')[1] ?? '', value: Number(message.toString()) },
  )
  .build();

const readings: string[] = [];
const alarms: string[] = [];
const pipeline = Pipeline.create();
const items = pipeline.readFrom(source);
items
  .filter((item): item is Reading => item.kind === 'reading')
  .map(({ sensor, value }) => `${sensor}=${value}`)
  .writeTo(Sinks.list(readings));
items
  .filter((item): item is Alarm => item.kind === 'alarm')
  .map(({ text }) => text)
  .writeTo(Sinks.list(alarms));

const job = Engine.embedded().newJob(pipeline);
await job.whenRunning();
await broker.publish('sensor/a/value', '17', { qos: 0 });
await broker.publish('alarm/door', 'open', { qos: 2 });
await broker.publish('sensor/b/value', '21', { qos: 0 });
await until(() => readings.length === 2 && alarms.length === 1, 'all items');
await job.drain();

console.log('readings:', readings.join(', '));
console.log('alarms:', alarms.join(', '));
