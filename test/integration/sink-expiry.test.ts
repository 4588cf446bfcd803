import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, MqttSources, Pipeline } from '../../src/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { MqttSinks } from '../../src/mqtt/sink/index.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { LIMIT } from '../support/limits.js';
import { type ChaosProxy, startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { type ConnectionRig, connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { until } from '../support/until.js';

interface Item {
  readonly text: string;
  readonly seconds: number;
}

const SHORT = 2;
const LONG = 600;
/** Longer than the short interval. */
const HELD_MS = 2_500;

const sinkAt = (port: number, version: 5 | 4 = 5) =>
  MqttSinks.builder<Item>({
    broker: `mqtt://127.0.0.1:${port}`,
    clientId: 'out',
    topic: 't',
    messageFn: ({ text, seconds }) => ({ payload: text, properties: { messageExpiryInterval: seconds } }),
    connectOptionsFn: () => ({ protocolVersion: version, reconnectPeriod: 20, maxReconnectPeriod: 100 }),
  }).build();

/** Whoever subscribes at the sink's broker, with 5.0. */
const witnessOf = async (broker: Mosquitto): Promise<ConnectionRig> => {
  const witness = connectionRig(broker.url, { clientId: 'witness' }, { subscriptions: [wanted('t', { qos: 2 })] });
  await witness.open();
  return witness;
};

/** The sink loses its broker, and knows. */
const away = async (proxy: ChaosProxy): Promise<void> => {
  let lost = false;
  const listen = (data: unknown): void => {
    // the witnesses of other tests are called rig
    lost ||= (data as { readonly name: string }).name !== 'rig';
  };
  subscribe('millrace:disconnect', listen);
  proxy.refuse();
  proxy.cutAll();
  await until(() => lost);
  unsubscribe('millrace:disconnect', listen);
};

const expired = (): string[] => {
  const told: string[] = [];
  const listen = (data: unknown): void => void told.push((data as { readonly topic: string }).topic);
  subscribe('millrace:message-expired', listen);
  onCleanup(() => void unsubscribe('millrace:message-expired', listen));
  return told;
};

const arrived = ({ messages }: ConnectionRig): readonly [string, number | undefined][] =>
  messages.map(({ text, properties }) => [text, properties?.messageExpiryInterval]);

describe('messages that expire while the sink is without its broker (R23, G5)', () => {
  for (const version of [5, 4] as const) {
    it(`are dropped and told; the others arrive with what is left (mosquitto, MQTT ${version})`, LIMIT, async () => {
      await using broker = await startMosquitto();
      await using proxy = await startChaosProxy({ to: broker });
      const witness = await witnessOf(broker);
      const told = expired();
      const metrics = new MetricsRegistry();
      const driver = await DurableSinkDriver.open({
        sink: sinkAt(proxy.port, version),
        store: new MemoryOutboxes(),
        metrics,
      });
      await away(proxy);
      driver.add({ text: 'short', seconds: SHORT }, { text: 'long', seconds: LONG });
      driver.seal();
      driver.commit();
      await sleep(HELD_MS);
      proxy.heal();
      await driver.drain();
      await driver.close();
      await until(() => witness.messages.length > 0);
      const [[text, left] = []] = arrived(witness);
      assert.deepEqual([text, witness.messages.length, told], ['long', 1, ['t']]);
      if (version === 5) assert.ok(left !== undefined && left >= LONG - 60 && left <= LONG - 2, `${left} s`);
    });
  }

  it('over a restart, by the wall clock', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using proxy = await startChaosProxy({ to: broker });
    const witness = await witnessOf(broker);
    const told = expired();
    const store = new MemoryOutboxes();
    const driver = await DurableSinkDriver.open({ sink: sinkAt(proxy.port), store });
    await away(proxy);
    driver.add({ text: 'short', seconds: SHORT }, { text: 'long', seconds: LONG });
    driver.seal();
    driver.commit();
    await driver.close();
    await sleep(HELD_MS);
    proxy.heal();
    const again = await DurableSinkDriver.open({ sink: sinkAt(proxy.port), store: store.reopen() });
    await again.drain();
    await again.close();
    await until(() => witness.messages.length > 0);
    const [[text, left] = []] = arrived(witness);
    assert.deepEqual([text, witness.messages.length, told], ['long', 1, ['t']]);
    assert.ok(left !== undefined && left <= LONG - 2, `${left} s`);
  });

  it('the time since their receipt counts where they are handed on', LIMIT, async () => {
    await using broker = await startMosquitto();
    const witness = await witnessOf(broker);
    const told = expired();
    const source = MqttSources.builder({ broker: broker.url, clientId: 'in', topic: 'in' })
      .mapToItemFn((_topic, message) => message)
      .build();
    const gate = { open: false };
    const sink = MqttSinks.builder<{
      readonly receivedAtMs: number | undefined;
      readonly payload: Uint8Array;
      readonly seconds: number | undefined;
    }>({
      broker: broker.url,
      clientId: 'bridge',
      topic: 't',
      messageFn: ({ payload, seconds, receivedAtMs }) => ({
        payload,
        properties: { messageExpiryInterval: seconds },
        timestampMs: receivedAtMs,
      }),
    }).build();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source)
      .mapAsync(async ({ payload, properties, receivedAtMs }) => {
        await until(() => gate.open);
        return { payload, seconds: properties.messageExpiryInterval, receivedAtMs };
      })
      .writeTo(sink);
    const engine = Engine.embedded();
    const job = engine.newJob(pipeline);
    onCleanup(() => job.cancel());
    await job.whenRunning();
    const publisher = connectionRig(broker.url, { clientId: 'publisher' });
    await publisher.open();
    [SHORT, LONG].forEach((messageExpiryInterval, seq) => {
      const payload = Buffer.from(String(messageExpiryInterval));
      publisher.connection.session.publish({
        seq,
        topic: 'in',
        payload,
        qos: 1,
        retain: false,
        properties: { messageExpiryInterval },
      });
    });
    publisher.connection.flush();
    await until(() => job.metrics().itemsReceived === 2);
    await sleep(HELD_MS);
    gate.open = true;
    await until(() => witness.messages.length > 0);
    const [[text, left] = []] = arrived(witness);
    assert.deepEqual([text, witness.messages.length, told], [String(LONG), 1, ['t']]);
    assert.ok(left !== undefined && left <= LONG - 2, `${left} s`);
    await job.cancel();
  });
});
