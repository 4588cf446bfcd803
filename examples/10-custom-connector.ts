/*
 * Sources and sinks of one's own: a text file is read line by line and published; what a topic says goes to another file.
 *
 *   npx tsx examples/10-custom-connector.ts
 */
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, MqttSinks, MqttSources, Pipeline } from 'millrace';
import { SinkBuilder, SourceBuilder } from 'millrace/connector';
import { startBroker } from './support/start-broker.js';
import { until } from './support/until.js';

await using broker = await startBroker();
const directory = await mkdtemp(join(tmpdir(), 'millrace-example-'));
const input = join(directory, 'input.txt');
const output = join(directory, 'output.txt');
await writeFile(input, 'first line\nsecond line\nthird line\n');

// createFn opens, fillBufferFn adds what there is, destroyFn closes. A batch ends, a stream does not.
const lines = SourceBuilder.batch('lines', async () => {
  const file = await open(input);
  return { file, lines: file.readLines()[Symbol.asyncIterator]() };
})
  .fillBufferFn<string>(async ({ lines }, buffer) => {
    const next = await lines.next();
    if (next.done === true) buffer.close();
    else buffer.add(next.value);
  })
  .destroyFn(({ file }) => file.close())
  .build();

// What receiveFn took is delivered when flushFn has resolved: only then is the input acknowledged.
let flushed = 0;
const fileSink = SinkBuilder.sinkBuilder('file', () => open(output, 'a'))
  .receiveFn<string>(async (file, line) => void (await file.write(`${line}\n`)))
  .flushFn(async (file) => {
    await file.datasync();
    flushed += 1;
  })
  .destroyFn((file) => file.close())
  .build();

const engine = Engine.embedded();
const toFile = Pipeline.create();
toFile
  .readFrom(MqttSources.mqtt(broker.url, 'lines', (_topic, message) => message.toString()))
  .map((line) => line.toUpperCase())
  .writeTo(fileSink);
const receiver = engine.newJob(toFile);
await receiver.whenRunning();

const fromFile = Pipeline.create();
fromFile.readFrom(lines).writeTo(MqttSinks.mqtt(broker.url, 'lines'));
await engine.newJob(fromFile).join();

await until(() => receiver.metrics().itemsDelivered === 3, 'three lines');
await engine.shutdown();

console.log((await readFile(output, 'utf8')).trim());
console.log(`flushed ${flushed > 0 ? 'to the disk' : 'never'}`);
await rm(directory, { recursive: true });
