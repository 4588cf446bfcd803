import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from '../../src/engine/index.js';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { Subscription } from '../../src/mqtt/source/options/subscription.js';
import { Pipeline, Sinks } from '../../src/pipeline/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { DurableSourceJob } from '../support/rigs/durable-source-job.js';
import { HeldStores } from '../support/store/held-stores.js';
import { until } from '../support/until.js';

/*
 * A source keeps its name (`readFrom(source).setName('in')`) and is given another client id. Its state stands under its name, its
 * record under the client id, and both count epochs from 1: the ids of the old client's session are not the new one's (R5).
 */

const sourceOf = (url: string, clientId: string) =>
  MqttSources.builder()
    .broker(url)
    .clientId(clientId)
    .keepSession()
    .connectOptionsFn(() => ({ protocolVersion: 5 as const, reconnectPeriod: 20 }))
    .subscriptions(Subscription.of('t', 2))
    .mapToItemFn((_topic, message) => message.toString())
    .build();

describe('R5: a source with another client id than before', SUITE_LIMIT, () => {
  it('messages that its first run took and did not commit come again, and are new', async () => {
    const broker = await startMosquitto();
    await using proxy = await startChaosProxy({ to: broker });
    const publish = (texts: readonly string[]) => publishAll({ port: broker.port, topic: 't', qos: 2 }, texts);
    const first = new DurableSourceJob(sourceOf(proxy.url, `a-${process.pid}`));
    try {
      await first.start();
      proxy.drop({ from: 'server', type: 'pubrel', times: Number.POSITIVE_INFINITY });
      await publish(['1', '2', '3']);
      await first.run(() => first.effects.length === 3);
      await first.kill(proxy);
      const second = first.successor(sourceOf(proxy.url, `b-${process.pid}`));
      await second.start();
      await publish(['4', '5', '6']);
      await proxy.untilSeen('server', 'publish', 6);
      // before its first commit
      await second.kill(proxy);
      await second.start();
      await publish(['7']);
      await second.run(() => second.effects.includes('7'));
      assert.deepEqual(second.effects, ['1', '2', '3', '4', '5', '6', '7']);
      await second.stop();
    } finally {
      await broker.stop();
    }
  });

  it('with orderly stops only: a PUBLISH that was lost on the wire comes again, and is new', async () => {
    const broker = await startMosquitto();
    await using proxy = await startChaosProxy({ to: broker });
    const stores = new HeldStores();
    const items: string[] = [];
    const publish = (texts: readonly string[]) => publishAll({ port: broker.port, topic: 't', qos: 2 }, texts);
    const start = async (clientId: string) => {
      const engine = Engine.embedded({ stores });
      const pipeline = Pipeline.create();
      pipeline.readFrom(sourceOf(proxy.url, clientId)).setName('in').writeTo(Sinks.list(items));
      await engine.newJob(pipeline, { name: 'job', processingGuarantee: 'exactly-once' }).whenRunning();
      return engine;
    };
    try {
      const a = await start(`a-${process.pid}`);
      const releases = proxy.drop({ from: 'server', type: 'pubrel', times: Number.POSITIVE_INFINITY });
      await publish(['1']);
      await until(() => items.length === 1);
      await a.shutdown();
      releases.disarm();
      const b = await start(`b-${process.pid}`);
      const lost = proxy.drop({ from: 'server', type: 'publish', times: 1 });
      await publish(['2']);
      await lost.fired({ count: 1 });
      await b.shutdown();
      const again = await start(`b-${process.pid}`);
      await publish(['3']);
      await until(() => items.includes('3'));
      await again.shutdown();
      assert.deepEqual(items, ['1', '2', '3']);
    } finally {
      await broker.stop();
    }
  });
});
