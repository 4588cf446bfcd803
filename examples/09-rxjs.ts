/*
 * A source is an async iterable, which RxJS takes as it is.
 *
 *   npx tsx examples/09-rxjs.ts
 */
import { MqttSources } from 'millrace';
import { bufferCount, from, lastValueFrom, map, take, tap, toArray } from 'rxjs';
import { startBroker } from './support/start-broker.js';

await using broker = await startBroker();
await using source = await MqttSources.mqtt(broker.url, 'load', (_topic, message) => Number(message.toString())).open();

for (const load of [10, 20, 30, 40]) await broker.publish('load', String(load));

const averages = await lastValueFrom(
  from(source).pipe(
    bufferCount(2),
    map((received) => {
      const sum = received.reduce((total, { item }) => total + item, 0);
      return { average: sum / received.length, received };
    }),
    // RxJS has no back-pressure: acknowledge when the work is done, and the broker's window bounds what is open.
    tap(({ received }) => {
      for (const { ack } of received) ack();
    }),
    map(({ average }) => average),
    take(2),
    toArray(),
  ),
);
console.log('averages:', averages.join(', '));
