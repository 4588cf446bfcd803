/*
 * What a job counts, in the text format of Prometheus too, and what happens to its connections.
 *
 *   npx tsx examples/11-metrics-and-diagnostics.ts
 */
import { subscribe } from 'node:diagnostics_channel';
import { Engine, MqttSinks, MqttSources, Pipeline } from 'millrace';
import { MetricsRegistry } from 'millrace/metrics';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();

// Every event is a channel of Node's diagnostics_channel: connect, disconnect, reconnect, session-lost, publish, acknowledge, …
let reconnects = 0;
subscribe('millrace:reconnect', () => {
  reconnects += 1;
});

const metrics = new MetricsRegistry();
const pipeline = Pipeline.create();
pipeline
  .readFrom(
    MqttSources.builder()
      .clientId('in')
      .broker(broker.url)
      .topic('in')
      .keepSession()
      .connectOptionsFn(() => ({ protocolVersion: 4, reconnectPeriod: 20 }))
      .build(),
  )
  .writeTo(
    MqttSinks.builder()
      .clientId('out')
      .broker(broker.url)
      .topic('out')
      .connectOptionsFn(() => ({ protocolVersion: 4, reconnectPeriod: 20 }))
      .build(),
  );
const job = Engine.embedded().newJob(pipeline, { name: 'copy', metrics });
await job.whenRunning();

await broker.publish('in', '1');
broker.cutConnections();
await broker.publish('in', '2');
await until(() => job.metrics().itemsAcknowledged >= 2, 'both messages');
await job.drain();

const { itemsReceived, itemsDelivered } = job.metrics();
console.log(`at least two items: ${itemsReceived >= 2 && itemsDelivered >= 2}, reconnects seen: ${reconnects >= 2}`);
const lines = metrics.toPrometheus().split('\n');
console.log(lines.filter((line) => line.startsWith('millrace_connects_total')).join('\n'));
