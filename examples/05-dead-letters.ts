/*
 * A message that cannot be processed goes to a dead-letter destination, with what is known of it, and the job goes on.
 *
 *   npx tsx examples/05-dead-letters.ts
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeadLetters, Engine, MqttSources, Pipeline, Sinks } from 'millrace';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();
const directory = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const file = join(directory, 'rejected.jsonl');

const source = MqttSources.builder()
  .clientId('readings')
  .broker(broker.url)
  .topic('readings/#')
  .keepSession()
  .mapToItemFn((_topic, message) => {
    const { value }: { value: unknown } = JSON.parse(message.toString());
    if (typeof value !== 'number') throw new Error('value is not a number');
    return value;
  })
  // The default is 'fail': the job stops at the message. 'skip' counts it and goes on. A dead letter is on the disk, or at the
  // broker of DeadLetters.topic(…), before the message is acknowledged.
  .onError({ deadLetter: DeadLetters.file(file) })
  .build();

const values: number[] = [];
const pipeline = Pipeline.create();
pipeline.readFrom(source).writeTo(Sinks.list(values));
const job = Engine.embedded().newJob(pipeline);
await job.whenRunning();

await broker.publish('readings/a', '{"value": 1}');
await broker.publish('readings/b', '{"value": "one"}');
await broker.publish('readings/c', '{"value": 3}');
await until(() => values.length === 2, 'the good readings');
await job.drain();

console.log('values:', values.join(', '));
const [letter] = (await readFile(file, 'utf8'))
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
console.log('rejected:', letter.topic, Buffer.from(letter.payload, 'base64').toString());
await rm(directory, { recursive: true });
