/*
 * A job as a user has it, run as `job.mjs URL [DIR]`: messages go through a pipeline from one topic to another, and all must come out.
 * With a directory exactly once. What it prints last is `done`, or the error as JSON.
 */
import { Engine, MillraceError, MqttSinks, MqttSources, Pipeline } from 'millrace';

const COUNT = 20;
const LIMIT_MS = 60_000;
const [url, dir] = process.argv.slice(2);
// a store knows nothing of the sessions that another run left at the broker
const client = dir === undefined ? 'smoke' : 'smoke-stored';
const text = (_topic, message) => message.toString();
const limit = setTimeout(() => fail(new Error('the messages did not come out in time')), LIMIT_MS);

function fail(error) {
  const told =
    error instanceof MillraceError ? error.toJSON() : { code: 'OTHER', message: String(error?.stack ?? error) };
  console.log(JSON.stringify(told));
  process.exit(1);
}

function pipeline() {
  const source = MqttSources.builder().broker(url).clientId(`${client}-in`).keepSession();
  const sink = MqttSinks.builder().broker(url).clientId(`${client}-out`).topic('smoke/out');
  const copy = Pipeline.create();
  copy
    .readFrom(source.topic('smoke/in').qualityOfService(2).mapToItemFn(text).build())
    .map((word) => word.toUpperCase())
    .writeTo(sink.qualityOfService(2).build());
  return copy;
}

async function run() {
  const engine = Engine.embedded(dir === undefined ? {} : { dir });
  const guarantee = dir === undefined ? 'at-least-once' : 'exactly-once';
  const job = engine.newJob(pipeline(), { name: 'smoke', processingGuarantee: guarantee });
  // a job that cannot start says so here
  await Promise.race([job.whenRunning(), job.join()]);
  const heard = await MqttSources.mqtt(url, 'smoke/out', text).open();
  const writer = (await MqttSinks.mqtt(url, 'smoke/in').open()).getWriter();
  for (let number = 0; number < COUNT; number += 1) await writer.write(`word ${number}`);
  const words = new Set();
  for await (const { item, ack } of heard) {
    words.add(item);
    ack();
    if (words.size === COUNT) break;
  }
  await writer.close();
  await heard.close();
  await job.drain();
  await engine[Symbol.asyncDispose]?.();
}

// no `await` of the module itself: a bundle may be CommonJS
run().then(() => {
  clearTimeout(limit);
  console.log('done');
}, fail);
