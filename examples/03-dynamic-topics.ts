/*
 * Each message may name its own topic, QoS, retain flag and MQTT 5 properties.
 *
 *   npx tsx examples/03-dynamic-topics.ts
 */
import { Engine, MqttSinks, MqttSources, Pipeline, Sinks, TestSources } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();

// Who reads along.
const received: string[] = [];
const reader = Pipeline.create();
reader
  .readFrom(MqttSources.mqtt(broker.url, 'line/#', (topic, message) => `${topic}: ${message.toString()}`))
  .writeTo(Sinks.list(received));
const reading = Engine.embedded().newJob(reader);
await reading.whenRunning();

const writer = Pipeline.create();
writer.readFrom(TestSources.items({ line: 1, pieces: 40 }, { line: 2, pieces: 0 }, { line: 1, pieces: 41 })).writeTo(
  MqttSinks.builder()
    .broker(broker.url)
    .messageFn(({ line, pieces }: { line: number; pieces: number }) => ({
      topic: `line/${line}/pieces`,
      payload: JSON.stringify({ pieces }),
      qos: pieces === 0 ? 2 : 1,
      retain: true,
      // This broker speaks 3.1.1, where there is no place for properties; one of MQTT 5.0 passes them on.
      properties: { contentType: 'application/json', userProperties: { plant: 'north' } },
    }))
    .build(),
);

// Test sources end, and so does the job.
await Engine.embedded().newJob(writer).join();
await until(() => received.length === 3, 'three messages');
await reading.drain();

console.log(received.join('\n'));
