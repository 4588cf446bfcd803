/*
 * A pipeline reads a topic, works on each item and publishes the result.
 *
 *   npx tsx examples/01-first-pipeline.ts
 */
import { Engine, MqttSinks, MqttSources, Pipeline, Sinks } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();

// A pipeline is plain data: nothing happens before a job runs it.
const pipeline = Pipeline.create();
const celsius = pipeline
  .readFrom(MqttSources.mqtt(broker.url, 'hall/fahrenheit', (_topic, message) => Number(message.toString())))
  .map((fahrenheit) => ((fahrenheit - 32) * 5) / 9)
  .map((degrees) => `${degrees.toFixed(1)} °C`);
celsius.writeTo(MqttSinks.mqtt(broker.url, 'hall/celsius'));

// The same items may go to several sinks. This one is for looking.
const seen: string[] = [];
celsius.writeTo(Sinks.list(seen));

const job = Engine.embedded().newJob(pipeline, { name: 'celsius' });
await job.whenRunning();

for (const degrees of ['32', '68', '212']) await broker.publish('hall/fahrenheit', degrees);
await until(() => seen.length === 3, 'three results');
await job.drain();

console.log('hall/celsius got:', seen.join(', '));
