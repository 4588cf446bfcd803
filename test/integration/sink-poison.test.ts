import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { type DeadLetter, SinkBuilder } from '../../src/connector/index.js';
import { Engine, Pipeline } from '../../src/index.js';
import { type MqttSinkOptions, MqttSinks } from '../../src/mqtt/sink/index.js';
import { type Closing, type ClosingBroker, startClosingBroker } from '../support/brokers/closing-broker.js';
import { startFakeBroker } from '../support/brokers/fake-broker.js';
import { keepingScript } from '../support/brokers/keeping-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { onCleanup } from '../support/cleanup.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { ManualSource } from '../support/ends/manual-source.js';
import { LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { connectionRig } from '../support/rigs/connection-rig.js';
import { DurableSinkDriver } from '../support/rigs/durable-sink-driver.js';
import { MemoryOutboxes } from '../support/store/memory-outboxes.js';
import { until } from '../support/until.js';

interface Item {
  readonly topic: string;
  readonly text: string;
}

const sinkAt = (port: number, options: MqttSinkOptions<Item> = {}, version: 5 | 4 = 5) =>
  MqttSinks.builder<Item>({
    broker: `mqtt://127.0.0.1:${port}`,
    clientId: 'out',
    messageFn: ({ topic, text }) => ({ topic, payload: text }),
    connectOptionsFn: () => ({ protocolVersion: version, reconnectPeriod: 20, maxReconnectPeriod: 100 }),
    onError: 'skip',
    ...options,
  }).build();

const openAt = (port: number, options: MqttSinkOptions<Item> = {}, version: 5 | 4 = 5) =>
  DurableSinkDriver.open({ sink: sinkAt(port, options, version), store: new MemoryOutboxes() });

const items = (...topics: readonly string[]): Item[] => topics.map((topic, index) => ({ topic, text: String(index) }));

/** What is told about suspects, as `finding topic`. */
const findings = (): string[] => {
  const told: string[] = [];
  const listen = (data: unknown): void => {
    const { finding, topic } = data as { readonly finding: string; readonly topic: string };
    told.push(`${finding} ${topic}`);
  };
  subscribe('millrace:message-suspected', listen);
  onCleanup(() => void unsubscribe('millrace:message-suspected', listen));
  return told;
};

const closingAt = (topic: string, closing: Closing): Promise<ClosingBroker> =>
  startClosingBroker((packet) => packet.topic === topic, closing);

/** Of ten searches that take some seconds each, on a machine that has other work. */
const BOUND_MS = 120_000;

describe('a sink finds the message that a broker closes at (R20a)', () => {
  for (const [name, connectOptions] of [
    ['a back-off of 50 to 300 ms', { reconnectPeriod: 50, maxReconnectPeriod: 300 }],
    ['the default back-off', {}],
  ] as const) {
    it(
      `mosquitto, which sends nothing after its close: 990 of 1,000 are delivered once, the ten denied get letters (${name})`,
      LIMIT,
      async (t) => {
        await using broker = await startMosquitto({ acl: ['topic write ok/#', 'topic read #'] });
        await using sub = await startMosquittoSub({ port: broker.port, topic: 'ok/#' });
        const driver = await openAt(broker.port, { connectOptionsFn: () => connectOptions });
        const topics = Array.from({ length: 1000 }, (_, index) => (index % 100 === 50 ? 'denied' : `ok/${index % 3}`));
        const began = performance.now();
        driver.add(...items(...topics));
        await driver.drain();
        const tookMs = Math.round(performance.now() - began);
        t.diagnostic(`${tookMs} ms`);
        await driver.close();
        await sub.untilCount(990);
        await sub.untilQuiet(200);
        assert.equal(sub.texts.length, 990);
        assert.equal(new Set(sub.texts).size, 990);
        assert.equal(driver.letters.length, 10);
        for (const { attributes, error } of driver.letters)
          assert.deepEqual([attributes.topic, error.reasonCode], ['denied', 0x87]);
        assert.ok(tookMs < BOUND_MS, `${tookMs} ms`);
      },
    );
  }

  it('in a job without a store: it gets a letter, the others are delivered, and the job goes on', LIMIT, async () => {
    await using broker = await closingAt('bad', 'reset');
    const source = new ManualSource<Item>();
    const letters: string[] = [];
    const deadLetter = SinkBuilder.sinkBuilder('letters', () => letters)
      .receiveFn<DeadLetter>((into, { attributes }) => void into.push(String(attributes.topic ?? '')))
      .build();
    const sink = sinkAt(broker.port, { onError: { deadLetter }, qualityOfService: 1 });
    const pipeline = Pipeline.create();
    pipeline.readFrom(source.source).writeTo(sink);
    const job = Engine.embedded().newJob(pipeline);
    onCleanup(() => job.cancel());
    await job.whenRunning();
    source.push(...items('a', 'bad', 'b', 'bad', 'c'));
    await until(() => letters.length === 2);
    await until(() => new Set(broker.delivered).size === 3);
    await job.drain();
    assert.deepEqual([...new Set(broker.delivered)].sort(), ['a 0', 'b 2', 'c 4']);
    assert.deepEqual(letters, ['bad', 'bad']);
  });

  for (const closing of [0x81, 0x82, 0x83, 0x87, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b] as const) {
    it(
      `by a DISCONNECT 0x${closing.toString(16)} (5.0): it is named with the code, the others arrive once`,
      LIMIT,
      async () => {
        await using broker = await closingAt('bad', closing);
        const driver = await openAt(broker.port);
        driver.add(...items('a', 'bad', 'b', 'c'));
        await driver.drain();
        await driver.close();
        assert.deepEqual([...broker.delivered].sort(), ['a 0', 'b 2', 'c 3']);
        assert.deepEqual(
          driver.letters.map(({ attributes, error }) => [attributes.topic, error.code, error.reasonCode]),
          [['bad', 'PUBLISH_REFUSED', closing]],
        );
        assert.ok(broker.trials.length <= 12, `${broker.trials.length} connections`);
      },
    );
  }

  for (const version of [5, 4] as const) {
    for (const closing of version === 5
      ? (['fin', 'reset'] as const)
      : (['fin', 'reset', 'bare-disconnect'] as const)) {
      for (const qos of [1, 2] as const) {
        it(
          `by a ${closing} (MQTT ${version}, QoS ${qos}): the innocent beside it is neither blamed nor lost`,
          LIMIT,
          async () => {
            await using broker = await closingAt('in/a b', closing);
            const driver = await openAt(broker.port, { qualityOfService: qos, allowLowerQos: true }, version);
            const told = findings();
            driver.add(...items('in/ok', 'in/a b', 'in/ok'));
            await driver.drain();
            await driver.close();
            assert.deepEqual(
              driver.letters.map(({ attributes }) => attributes.topic),
              ['in/a b'],
            );
            assert.deepEqual(qos === 2 ? broker.delivered : [...new Set(broker.delivered)], ['in/ok 0', 'in/ok 2']);
            assert.ok(broker.trials.length <= 12, `${broker.trials.length} connections`);
            assert.equal(told.at(-1), 'blamed in/a b');
          },
        );
      }
    }
  }

  it(
    'the id of the QoS 2 message is burnt in the commit of its letter, and not used again in another process',
    LIMIT,
    async () => {
      await using broker = await closingAt('bad', 'fin');
      let store = new MemoryOutboxes();
      const driver = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store });
      driver.add(...items('bad', 'a'));
      await driver.drain();
      await driver.close();
      assert.deepEqual([driver.letters.length, burntIn(store)], [1, [0]]);
      store = store.reopen();
      const next = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store });
      next.add(...items('b'));
      await next.drain();
      await next.close();
      assert.deepEqual([broker.delivered, burntIn(store)], [['a 1', 'b 0'], [0]]);
    },
  );

  it('a crash before that commit burns nothing and loses nothing: the search begins anew', LIMIT, async () => {
    await using broker = await closingAt('bad', 'fin');
    const store = new MemoryOutboxes();
    const told = findings();
    const driver = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store });
    driver.add(...items('bad', 'a'));
    driver.seal();
    driver.commit();
    driver.flush();
    await until(() => told.includes('blamed bad'));
    await driver.close();
    const again = await DurableSinkDriver.open({ sink: sinkAt(broker.port), store: store.reopen() });
    await again.drain();
    await again.close();
    assert.deepEqual(
      again.letters.map(({ attributes }) => attributes.topic),
      ['bad'],
    );
    assert.deepEqual(broker.delivered, ['a 1']);
  });

  it(
    'a message for which a retry is owed after a DISCONNECT is sent again under the same id (R12, R20)',
    LIMIT,
    async () => {
      let closes = true;
      await using broker = await startClosingBroker(({ topic }) => closes && topic === 'bad', 0x97);
      const retryStrategy = { maxAttempts: 3, intervalFunction: () => 50 };
      const driver = await openAt(broker.port, { retryStrategy });
      driver.add(...items('bad', 'a'));
      const draining = driver.drain();
      await until(() => broker.trials.length > 7);
      closes = false;
      await draining;
      await driver.close();
      assert.deepEqual(driver.letters, []);
      // the broker has the half of it: it was sent under one id
      const ids = broker.trials.flatMap(({ packets }) =>
        packets.flatMap((packet) => (packet.type === 'publish' && packet.topic === 'bad' ? [packet.packetId] : [])),
      );
      assert.deepEqual([...new Set(ids)], [1]);
    },
  );

  it('where the broker takes no second client, the quiet of the connection itself is the control', LIMIT, async () => {
    await using broker = await closingAt('bad', 'fin');
    const { connect } = keepingScript();
    broker.script = {
      ...broker.script,
      connect: (client, packet) => {
        if (!packet.clientId.startsWith('control-')) connect(client, packet);
        else client.send({ type: 'connack', sessionPresent: false, reasonCode: 0x87 });
      },
    };
    const driver = await openAt(broker.port);
    driver.add(...items('bad', 'a'));
    await driver.drain();
    await driver.close();
    assert.deepEqual(
      driver.letters.map(({ attributes }) => attributes.topic),
      ['bad'],
    );
    assert.deepEqual(broker.delivered, ['a 1']);
  });
});

describe('a sink blames no message (R20a, asked wrongly)', () => {
  const COUNT = 300;
  const many = (): Item[] => items(...Array.from({ length: COUNT }, (_, index) => `t/${index % 3}`));

  it('two clients with one id', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port, topic: 't/#' });
    const driver = await openAt(broker.port);
    const other = connectionRig(broker.url, {
      clientId: 'out-0',
      reconnectPeriod: 5,
      maxReconnectPeriod: 10,
      clean: false,
    });
    driver.add(...many());
    let settled = false;
    const draining = driver
      .drain()
      .catch((error: unknown) => error)
      .finally(() => {
        settled = true;
      });
    other.open().catch(() => {});
    // either of the two is told that there is another
    await until(() => settled || other.disconnects.length >= 10 || other.failures.length > 0);
    await other.connection.close();
    const failure = await draining;
    await driver.close();
    assert.deepEqual(driver.letters, []);
    if (failure === undefined) await sub.untilCount(COUNT);
    assert.equal(new Set(sub.texts).size, sub.texts.length, 'nothing is doubled');
  });

  for (const version of [5, 4] as const) {
    it(`a proxy that cuts in bursts, 10 to 60 ms apart, and a proxy that flaps (MQTT ${version})`, LIMIT, async () => {
      await using broker = await startMosquitto();
      await using sub = await startMosquittoSub({ port: broker.port, topic: 't/#' });
      await using proxy = await startChaosProxy({ to: broker });
      const driver = await openAt(proxy.port, {}, version);
      driver.add(...many());
      const draining = driver.drain();
      for (let cut = 0; cut < 60; cut += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10 + ((cut * 7) % 50)));
        proxy.cutAll();
        if (cut % 6 === 5) driver.add({ topic: 't/3', text: `burst ${cut}` });
      }
      await draining;
      await driver.drain();
      await driver.close();
      await sub.untilCount(COUNT + 10);
      assert.deepEqual(driver.letters, []);
      assert.equal(sub.texts.length, COUNT + 10);
      assert.ok(proxy.connections > 10, `${proxy.connections} connections were cut`);
    });
  }

  it(
    'a broker in a crash loop, which ends all its connections while a message alone is unanswered',
    LIMIT,
    async () => {
      const told = findings();
      let ends = 0;
      let crashes = true;
      const script = keepingScript();
      await using broker = await startFakeBroker(script);
      broker.script = {
        ...script,
        publish: (client, { packetId }) => {
          if (!crashes) {
            client.send({ type: 'pubrec', packetId, reasonCode: 0 });
            return;
          }
          ends += 1;
          for (const each of broker.clients) each.reset();
        },
      };
      const driver = await openAt(broker.port);
      driver.add(...items('a', 'b'));
      const draining = driver.drain();
      await until(() => ends >= 15);
      crashes = false;
      await draining;
      await driver.close();
      assert.deepEqual(driver.letters, []);
      assert.ok(told.includes('control-ended a') || told.includes('no-control a'), told.join());
    },
  );

  it('G6: an error that our own decoder raised', LIMIT, async () => {
    const script = keepingScript();
    let garbled = 0;
    await using broker = await startFakeBroker(script);
    broker.script = {
      ...script,
      publish: (client, { packetId }) => {
        if (garbled < 8) {
          garbled += 1;
          client.sendBytes(Uint8Array.of(0x01, 0x00));
        } else client.send({ type: 'puback', packetId, reasonCode: 0 });
      },
    };
    const driver = await openAt(broker.port, { qualityOfService: 1, allowLowerQos: true });
    driver.add(...items('a'));
    await driver.drain();
    await driver.close();
    assert.equal(garbled, 8);
    assert.deepEqual(driver.letters, []);
  });
});

const burntIn = (store: MemoryOutboxes): number[] => [
  ...(store.restore('out-0').state as { readonly burnt: Uint16Array }).burnt,
];
