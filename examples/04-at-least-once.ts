/*
 * With a kept session the broker holds what arrives while the job is away, and what the job had not finished.
 *
 *   npx tsx examples/04-at-least-once.ts
 */
import { Engine, MqttSources, Pipeline, Sinks } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();
const engine = Engine.embedded();
const orders: string[] = [];

const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('order-desk') // The session's name at the broker: always the same one.
      .broker(broker.url)
      .topic('orders')
      .keepSession()
      .connectOptionsFn(() => ({ reconnectPeriod: 50 }))
      .mapToItemFn((_topic, message) => message.toString())
      .build(),
  )
  .writeTo(Sinks.list(orders));

// At-least-once is the default of a kept session: a message is acknowledged when every sink has delivered what it led to.
const first = engine.newJob(pipeline, { name: 'orders', processingGuarantee: 'at-least-once' });
await first.whenRunning();
await broker.publish('orders', 'order 1');
await until(() => orders.length === 1, 'the first order');

// A connection that breaks is none of the job's business: it reconnects and goes on.
broker.cutConnections();
await broker.publish('orders', 'order 2');
await until(() => orders.includes('order 2'), 'the second order');
await first.drain();

// Nobody is there now. The broker keeps the order.
await broker.publish('orders', 'order 3');
const second = engine.newJob(pipeline, { name: 'orders' });
await until(() => orders.includes('order 3'), 'the third order');
await second.drain();

// At least once: a copy may come twice over a cut, none is missing.
console.log([...new Set(orders)].join(', '));
