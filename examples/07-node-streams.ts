/*
 * Sources and sinks in Node's streams: `Readable.from` and `Writable.fromWeb`.
 *
 *   npx tsx examples/07-node-streams.ts
 */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MqttSinks, MqttSources } from 'millrace';
import { startBroker } from './support/start-broker.js';

await using broker = await startBroker();
const text = (_topic: string, message: { toString(): string }) => message.toString();

// Upper case from one topic to another, acknowledged after it was written.
const source = await MqttSources.mqtt(broker.url, 'words', text).open();
const sink = await MqttSinks.mqtt<string>(broker.url, 'shouted').open();
const listener = await MqttSources.mqtt(broker.url, 'shouted', text).open();

for (const word of ['to', 'be', 'or']) await broker.publish('words', word);

await pipeline(
  Readable.from(source).take(3),
  async function* (received) {
    for await (const { item, ack } of received) {
      yield item.toUpperCase();
      ack();
    }
  },
  Writable.fromWeb(sink),
);

const heard = await Readable.from(listener)
  .take(3)
  .map(({ item }) => item)
  .toArray();
await listener.close();
console.log(heard.join(' '));
