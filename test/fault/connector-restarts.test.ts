import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Engine, type JobEvent, MqttSinks, MqttSources, Pipeline, SinkBuilder } from '../../src/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { fullRun } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { SeededRandom } from '../support/seeded-random.js';
import { LineServer } from '../support/servers/line-server.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const COUNT = 400;
const JOB = fileURLToPath(new URL('../support/servers/line-job.mjs', import.meta.url));
const { index: INDEX } = await buildOnce();

let broker: Mosquitto;

/** Numbered messages from a device; the next goes out when the sink's broker has the last. */
const publish = async (topic: string, from: number, to: number): Promise<void> => {
  const sink = MqttSinks.builder().broker(broker.url).topic(topic).qualityOfService(2).build();
  const writer = (await sink.open()).getWriter();
  for (let number = from; number < to; number += 1) await writer.write(`m${number}`);
  await writer.close();
};

/** A job from a topic into the server; without a store the message is its own key, else its number is. */
const startJob = async (server: LineServer, topic: string, dir: string | undefined) => {
  const events: JobEvent[] = [];
  const metrics = new MetricsRegistry();
  const source = MqttSources.builder()
    .broker(broker.url)
    .clientId(topic)
    .keepSession()
    .topic(topic)
    .qualityOfService(2)
    .mapToItemFn((_, message) => message.toString())
    .build();
  const sink = SinkBuilder.sinkBuilder('table', () => server.connect())
    .receiveFn(async (client, text: string, seq) => client.insert(seq ?? text, text))
    .destroyFn((client) => client.close())
    .build();
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  const engine = Engine.embedded(dir === undefined ? {} : { dir });
  const job = engine.newJob(pipeline, {
    name: topic,
    processingGuarantee: dir === undefined ? 'at-least-once' : 'exactly-once',
    metrics,
    onEvent: (event) => events.push(event),
  });
  await job.whenRunning();
  return { job, engine, events, metrics };
};

const connectsOf = (metrics: MetricsRegistry): string | undefined =>
  /^millrace_connects_total.*$/m.exec(metrics.toPrometheus())?.[0];

describe('a server that is killed under a sink of its user, and comes back', SUITE_LIMIT, () => {
  before(async () => {
    broker = await startMosquitto();
  });
  after(() => broker[Symbol.asyncDispose]());

  for (const store of [false, true]) {
    const title = `costs seconds and not the job, whose MQTT connection stays: ${store ? 'with' : 'without'} a store`;
    it(title, LIMIT, async () => {
      const server = new LineServer();
      await server.start();
      const topic = `restarts-${store}`;
      const { job, engine, events, metrics } = await startJob(server, topic, store ? tempDir('restarts') : undefined);
      using told = new Told('disconnect', 'retrying', 'retry-over', 'close-failed');
      const connects = connectsOf(metrics);
      const published = publish(topic, 0, COUNT / 2);
      await until(() => server.rows.length > COUNT / 10);
      await server.kill();
      await until(() => told.names.filter((name) => name === 'retrying').length >= 2, { what: 'retries' });
      await published;
      const rest = publish(topic, COUNT / 2, COUNT);
      assert.ok(server.rows.length < COUNT, 'it was killed in the middle');
      await server.start();
      await rest;
      await until(() => server.rows.length === COUNT, { what: () => `${COUNT} rows, there are ${server.rows.length}` });
      const all = Array.from({ length: COUNT }, (_, number) => `m${number}`);
      assert.deepEqual(server.rows, all);
      await until(() => told.names.includes('retry-over'));
      assert.equal(connectsOf(metrics), connects, 'nothing was cut at the source');
      assert.ok(!told.events.some(({ data }) => String(Object(data).name).includes(topic)));
      assert.ok(!told.names.includes('close-failed'));
      assert.deepEqual(
        events.filter(({ kind }) => kind === 'restarting'),
        [],
      );
      assert.equal(job.status, 'RUNNING');
      assert.equal(await job.drain(), true);
      assert.equal(job.metrics().itemsAcknowledged, COUNT);
      await engine.shutdown();
    });
  }

  const title =
    'with the number of an item as its key each is there once and in order, over kills of the job and the server';
  it(title, LIMIT, async (t) => {
    const seed = Number(process.env.SEED ?? Date.now() % 100_000);
    t.diagnostic(`SEED=${seed}`);
    const random = new SeededRandom(seed);
    const server = new LineServer();
    await server.start();
    const topic = 'kills';
    const dir = tempDir('kills');
    const env = {
      LINE_MILLRACE: INDEX,
      LINE_BROKER: broker.url,
      LINE_TOPIC: topic,
      LINE_PORT: String(server.port),
    };
    const start = async () => {
      const job = startCli(['run', '--dir', dir, JOB], env);
      await job.waitForLine(/RUNNING/);
      return job;
    };
    let job = await start();
    const kills = fullRun ? 30 : 3;
    for (let kill = 0; kill < kills; kill += 1) {
      const from = kill * COUNT;
      const published = publish(topic, from, from + COUNT);
      const struck = from + random.below(COUNT * 0.8);
      await until(() => server.rows.length >= struck, {
        what: () => `${struck} rows, there are ${server.rows.length}`,
      });
      if (random.next() < 0.5) {
        await server.kill();
        // unless it had come to the end of the round
        if (server.rows.length < from + COUNT) await job.waitForLine(/sink "table".*trying again/);
        await server.start();
      }
      await job.end('SIGKILL');
      job = await start();
      await published;
    }
    const all = Array.from({ length: kills * COUNT }, (_, number) => `m${number}`);
    await until(() => server.rows.length >= all.length, { what: () => `all rows, there are ${server.rows.length}` });
    assert.deepEqual(server.rows, all);
    await server.kill();
    await publish(topic, all.length, all.length + 1);
    const text = await job.waitForLine(/sink "table".*trying again/);
    assert.match(text, /^millrace run: receiveBatchFn of sink "table": the connection is cut; trying again$/);
    await server.start();
    assert.match(await job.waitForLine(/works again/), /^millrace run: sink "table" works again$/);
    assert.deepEqual(await job.end('SIGTERM'), { code: 0, signal: null });
  });
});
