import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Engine, type Job, MqttSinks, MqttSources, Pipeline } from '../../src/index.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { toldOfSessions } from '../support/told.js';
import { until } from '../support/until.js';

/** aedes answers session present 0 to a client without a subscription: its sink's session has one of its own (R5e). */
it('G11: an exactly-once bridge to aedes goes on over restarts of the job, and doubles nothing', LIMIT, async () => {
  await using from = await startMosquitto();
  await using to = await startAedes();
  // what the broker passes on, whatever becomes of it at a subscriber
  const seen: string[] = [];
  to.aedes.on('publish', ({ topic, payload }) => {
    if (topic === 'out') seen.push(payload.toString());
  });
  const dir = tempDir('aedes');
  const connectOptionsFn = () => ({ reconnectPeriod: 20, maxReconnectPeriod: 200 });
  const source = MqttSources.builder()
    .broker(from.url)
    .clientId('source')
    .keepSession()
    .topic('in')
    .qualityOfService(2)
    .connectOptionsFn(connectOptionsFn)
    .mapToItemFn((_topic, message) => message.toString())
    .build();
  const sink = MqttSinks.builder<string>({ broker: to.url, clientId: 'sink', topic: 'out', connectOptionsFn }).build();
  const start = async (engine: Engine): Promise<Job> => {
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(sink);
    const job = engine.newJob(pipeline, { name: 'bridge', processingGuarantee: 'exactly-once' });
    await job.whenRunning();
    return job;
  };
  using told = toldOfSessions();
  const sent: string[] = [];
  for (let run = 0; run < 3; run += 1) {
    const engine = Engine.embedded({ dir });
    const job = await start(engine);
    const texts = Array.from({ length: 20 }, (_, index) => `${run}-${index}`);
    sent.push(...texts);
    await publishAll({ port: from.port, topic: 'in', qos: 2 }, texts);
    await until(() => seen.length >= sent.length, { what: () => `${sent.length}, has ${seen.length}` });
    await until(() => job.metrics().outboxMessages === 0);
    await engine.shutdown();
  }
  assert.deepEqual(seen.sort(), sent.sort());
  assert.deepEqual(
    told.names.filter((name) => name === 'session-lost' || name === 'session-not-kept'),
    [],
  );
});
