import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { MetricsRegistry } from '../../src/metrics/index.js';
import type { SessionRecord } from '../../src/mqtt/connection/identity/record/session-record.js';
import { MqttSinks } from '../../src/mqtt/sink/index.js';
import type { MqttSinkOptions } from '../../src/mqtt/sink/options/mqtt-sink-options.js';
import { startFakeBroker } from '../support/brokers/fake-broker.js';
import { forgettingScript } from '../support/brokers/keeping-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { startMqttJsSub } from '../support/clients/mqttjs-sub.js';
import { LIMIT } from '../support/limits.js';
import { type ChaosProxy, startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { SeededRandom } from '../support/seeded-random.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';

const sinkAt = (port: number, options: MqttSinkOptions<string> = {}) =>
  MqttSinks.builder<string>({
    broker: `mqtt://127.0.0.1:${port}`,
    clientId: 'out',
    topic: 't',
    connectOptionsFn: () => ({ reconnectPeriod: 20, maxReconnectPeriod: 100 }),
    ...options,
  }).build();

const upwards = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

const epochOf = (store: MemoryOutboxes, client = 'out-0'): number =>
  (store.record(client).value as SessionRecord).epoch;

/** Some steps of an engine, then its process is gone: connections are cut, commits under way are durable or not. */
const liveAndDie = async (
  driver: DurableSinkDriver<string>,
  proxy: ChaosProxy,
  random: SeededRandom,
): Promise<void> => {
  const untilMs = performance.now() + random.below(80);
  let sealed = 0;
  while (performance.now() < untilMs) {
    if (driver.urgent && sealed < 2) {
      driver.seal();
      sealed += 1;
    }
    if (random.chance(0.5) && sealed > 0) {
      driver.commit();
      sealed -= 1;
    }
    driver.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  proxy.cutAll();
  if (random.chance(0.5)) driver.store();
  await driver.close();
};

for (const version of [5, 4] as const) {
  test(
    `over 25 crashes at random nothing is lost, doubled or out of order, and the session is kept (version ${version})`,
    LIMIT,
    async () => {
      await using broker = await startMosquitto();
      await using sub = await startMosquittoSub({ port: broker.port, topic: 't' });
      await using proxy = await startChaosProxy({ to: broker });
      const random = new SeededRandom(version);
      const sink = sinkAt(proxy.port, { connectOptionsFn: () => ({ protocolVersion: version, reconnectPeriod: 20 }) });
      let store = new MemoryOutboxes();
      let next = 0;
      for (let round = 0; round < 25; round += 1) {
        const driver = await DurableSinkDriver.open({ sink, store });
        const stored = store.restore('out-0').end;
        driver.add(...upwards(stored, stored + 40));
        driver.seal();
        driver.commit();
        next = stored + 40;
        await liveAndDie(driver, proxy, random);
        store = store.reopen();
      }
      const last = await DurableSinkDriver.open({ sink, store });
      await last.drain();
      await sub.untilCount(next);
      assert.deepEqual(await sub.untilQuiet(300).then(() => sub.texts), upwards(0, next));
      assert.equal(epochOf(store), 1, 'one session all the time');
      await last.close();
    },
  );
}

test('the sink goes on over a broker that restarts with its sessions, in the middle of flows', LIMIT, async () => {
  await using broker = await startMosquitto({ persistence: true });
  await using sub = await startMqttJsSub(broker.url, 'witness', 't');
  const store = new MemoryOutboxes();
  const driver = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store });
  driver.add(...upwards(0, 200));
  driver.seal();
  driver.commit();
  await broker.restart();
  await driver.drain();
  assert.equal(epochOf(store), 1);
  await driver.close();
  await sub.untilCount(200);
  await sub.untilQuiet(300);
  assert.deepEqual(sub.texts, upwards(0, 200));
});

test(
  'R5, R17: when the broker lost the session an exactly-once sink fails, until another policy is chosen',
  LIMIT,
  async () => {
    await using broker = await startMosquitto();
    await using proxy = await startChaosProxy({ to: broker });
    let store = new MemoryOutboxes();
    const first = await DurableSinkDriver.open({ sink: sinkAt(proxy.port), store });
    first.add(...upwards(0, 10));
    await first.drain();
    proxy.blackhole('to-client');
    first.add(...upwards(10, 20));
    first.seal();
    first.commit();
    await proxy.untilSeen('client', 'publish', 20);
    proxy.cutAll();
    await first.close();
    proxy.heal();
    await broker.restart();
    await using sub = await startMosquittoSub({ port: broker.port, topic: 't' });
    for (let start = 0; start < 2; start += 1) {
      store = store.reopen();
      await assert.rejects(DurableSinkDriver.open({ sink: sinkAt(proxy.port), store }), { code: 'SESSION_LOST' });
    }
    store = store.reopen();
    const last = await DurableSinkDriver.open({ sink: sinkAt(proxy.port, { onSessionLoss: 'redeliver' }), store });
    await last.drain();
    await sub.untilCount(10);
    assert.deepEqual(sub.texts, upwards(10, 20));
    assert.equal(epochOf(store), 2);
    await last.close();
  },
);

test('R17: drop gives up what was in doubt and sends what was not, counted', LIMIT, async () => {
  await using broker = await startMosquitto();
  await using proxy = await startChaosProxy({ to: broker });
  const store = new MemoryOutboxes();
  const metrics = new MetricsRegistry();
  const sink = sinkAt(proxy.port, {
    onSessionLoss: 'drop',
    connectOptionsFn: () => ({ reconnectPeriod: 20, maxInflight: 5 }),
  });
  const driver = await DurableSinkDriver.open({ sink, store, metrics });
  proxy.blackhole('to-client');
  driver.add(...upwards(0, 30));
  driver.seal();
  driver.commit();
  await proxy.untilSeen('client', 'publish', 5);
  proxy.refuse();
  proxy.cutAll();
  await broker.restart();
  await using sub = await startMosquittoSub({ port: broker.port, topic: 't' });
  proxy.refuse(false);
  proxy.heal();
  await driver.drain();
  await sub.untilCount(25);
  assert.deepEqual(sub.texts, upwards(5, 30));
  const { value } =
    metrics
      .snapshot()
      .find(({ name, labels }) => name === 'millrace_sink_dropped_total' && labels.reason === 'session-lost') ?? {};
  assert.equal(value, 5);
  await driver.close();
});

test('F18 a refused message is complete with its letter in one commit (R9a), and the others go on', LIMIT, async () => {
  await using broker = await startMosquitto({ acl: ['topic readwrite t', 'topic read denied'] });
  await using sub = await startMosquittoSub({ port: broker.port, topic: ['t', 'denied'] });
  const sink = sinkAt(broker.port, {
    onError: 'skip',
    messageFn: (item) => ({ payload: item, topic: item === '3' ? 'denied' : 't' }),
  });
  const driver = await DurableSinkDriver.open({ sink, store: new MemoryOutboxes() });
  driver.add(...upwards(0, 6));
  await driver.drain();
  await sub.untilCount(5);
  assert.deepEqual(sub.texts, ['0', '1', '2', '4', '5']);
  assert.deepEqual(
    driver.letters.map(({ error, attributes }) => [error.reasonCode, attributes.topic]),
    [[0x87, 'denied']],
  );
  await driver.close();
});

test('each client has an outbox and a session of its own, and a topic stays with its client', LIMIT, async () => {
  await using broker = await startMosquitto();
  await using sub = await startMosquittoSub({ port: broker.port, topic: 't/#' });
  const sink = sinkAt(broker.port, {
    parallelism: 3,
    messageFn: (item) => ({ payload: item, topic: `t/${Number(item) % 7}` }),
  });
  let store = new MemoryOutboxes();
  const first = await DurableSinkDriver.open({ sink, store });
  assert.deepEqual(
    first.writer.outboxes.map(({ name }) => name),
    ['out-0', 'out-1', 'out-2'],
  );
  first.add(...upwards(0, 100));
  first.seal();
  first.commit();
  await first.close();
  store = store.reopen();
  const second = await DurableSinkDriver.open({ sink, store });
  second.add(...upwards(100, 200));
  await second.drain();
  await sub.untilCount(200);
  for (let topic = 0; topic < 7; topic += 1) {
    const own = sub.messages.filter((message) => message.topic === `t/${topic}`).map(({ text }) => text);
    assert.deepEqual(
      own,
      upwards(0, 200).filter((item) => Number(item) % 7 === topic),
    );
  }
  await second.close();
});

test('R16: a message below QoS 2 is rejected in an exactly-once job, unless the sink allows it', LIMIT, async () => {
  await using broker = await startMosquitto();
  await using sub = await startMosquittoSub({ port: broker.port, topic: 't' });
  const options: MqttSinkOptions<string> = {
    onError: 'skip',
    messageFn: (item) => ({ payload: item, qos: item === '1' ? 1 : 2 }),
  };
  const strict = await DurableSinkDriver.open({ sink: sinkAt(broker.port, options), store: new MemoryOutboxes() });
  strict.add('0', '1', '2');
  await strict.drain();
  assert.deepEqual(
    strict.letters.map(({ error }) => error.code),
    ['GUARANTEE_UNSUPPORTED'],
  );
  await strict.close();
  await sub.untilCount(2);
  const lax = sinkAt(broker.port, { ...options, allowLowerQos: true, clientId: 'lax' });
  const driver = await DurableSinkDriver.open({ sink: lax, store: new MemoryOutboxes() });
  driver.add('0', '1', '2');
  await driver.drain();
  await sub.untilCount(5);
  assert.deepEqual(driver.letters, []);
  await driver.close();
});

test('a sink without a client id goes on from its items in an at-least-once job with a store', LIMIT, async () => {
  await using broker = await startMosquitto();
  await using sub = await startMosquittoSub({ port: broker.port, topic: 't' });
  const sink = MqttSinks.mqtt<string>(broker.url, 't');
  let store = new MemoryOutboxes();
  const first = await DurableSinkDriver.open({ sink, store, guarantee: 'at-least-once' });
  first.add(...upwards(0, 5));
  first.seal();
  first.store();
  await first.close();
  store = store.reopen();
  const second = await DurableSinkDriver.open({ sink, store, guarantee: 'at-least-once' });
  await second.drain();
  await sub.untilCount(5);
  assert.deepEqual(sub.texts, upwards(0, 5));
  await second.close();
});

test('tells what it found in the store when it is opened', LIMIT, async () => {
  await using broker = await startMosquitto();
  let store = new MemoryOutboxes();
  const told: unknown[] = [];
  const listen = (data: unknown): void => {
    told.push(data);
  };
  const first = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store });
  first.add(...upwards(0, 3));
  first.seal();
  first.store();
  await first.close();
  subscribe('millrace:outbox-restored', listen);
  try {
    store = store.reopen();
    const second = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store });
    assert.deepEqual(told, [{ sink: 'out', clientId: 'out-0', unsent: 0, inDoubt: 3, dropped: 0 }]);
    await second.drain();
    await second.close();
  } finally {
    unsubscribe('millrace:outbox-restored', listen);
  }
});

test(
  'exactly-once is refused by a broker that ends the session with each connection, at-least-once is not',
  LIMIT,
  async () => {
    await using broker = await startFakeBroker(forgettingScript());
    for (const allowLowerQos of [false, true]) {
      const sink = sinkAt(broker.port, { allowLowerQos });
      const opening = DurableSinkDriver.open({ sink, store: new MemoryOutboxes() });
      const closed = opening.then((driver) => driver.close());
      await assert.rejects(closed, { code: 'GUARANTEE_UNSUPPORTED', message: /Session Expiry Interval 0/ });
    }
    const store = new MemoryOutboxes();
    const driver = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store, guarantee: 'at-least-once' });
    await driver.close();
  },
);
