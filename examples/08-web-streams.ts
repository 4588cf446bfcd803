/*
 * Sources and sinks in web streams: `ReadableStream.from` and `pipeTo`.
 *
 *   npx tsx examples/08-web-streams.ts
 */
import { ReadableStream, TransformStream } from 'node:stream/web';
import { MqttSinks, MqttSources } from 'millrace';
import { startBroker } from './support/start-broker.js';

await using broker = await startBroker();
const numberOf = (_topic: string, message: { toString(): string }) => Number(message.toString());

const source = await MqttSources.mqtt(broker.url, 'numbers', numberOf).open();
const sink = await MqttSinks.mqtt<number>(broker.url, 'squares').open();
await using squares = await MqttSources.mqtt(broker.url, 'squares', numberOf).open();

for (const number of [1, 2, 3]) await broker.publish('numbers', String(number));

let left = 3;
await ReadableStream.from(source)
  .pipeThrough(
    new TransformStream({
      transform({ item, ack }, controller) {
        controller.enqueue(item * item);
        ack();
        left -= 1;
        if (left === 0) controller.terminate();
      },
    }),
  )
  // The sink is closed at the end: then everything is delivered.
  .pipeTo(sink);

const seen: number[] = [];
for await (const { item } of squares) {
  seen.push(item);
  if (seen.length === 3) break;
}
console.log(seen.join(', '));
