import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { QualityOfService } from '../../src/mqtt/protocol/quality-of-service.js';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { Subscription } from '../../src/mqtt/source/options/subscription.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { SourceDriver } from '../support/rigs/source-driver.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const VERSIONS = [5, 4, 3] as const;
const QUALITIES: readonly QualityOfService[] = [0, 1, 2];

let clients = 0;
const freshId = () => `src-${process.pid}-${++clients}`;
const numbers = (count: number, prefix = '') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

let broker: Mosquitto;
before(async () => {
  broker = await startMosquitto();
});
after(() => broker.stop());

const text = () =>
  MqttSources.builder()
    .broker(broker.url)
    .mapToItemFn((_topic, message) => message.toString());

/** A kept session by protocol version. */
const kept = (clientId: string, protocolVersion: 5 | 4 | 3 = 5) =>
  text()
    .clientId(clientId)
    .keepSession()
    .connectOptionsFn(() => ({ protocolVersion }));

describe('source on mosquitto', SUITE_LIMIT, () => {
  for (const version of VERSIONS) {
    for (const qos of QUALITIES) {
      it(`delivers 300 messages in order at QoS ${qos} on version ${version}`, async () => {
        const topic = `order/${version}/${qos}`;
        const source = kept(freshId(), version).topic(topic).qualityOfService(qos).build();
        await using driver = await SourceDriver.open(source);
        const payloads = numbers(300);
        await publishAll({ port: broker.port, topic, qos, version }, payloads);
        while (driver.items.length < 300) {
          await driver.take(driver.items.length + 1);
          driver.commit();
        }
        assert.deepEqual(driver.items, payloads);
        await until(() => driver.metric('millrace_source_unacknowledged_messages') === 0);
        assert.equal(driver.metric('millrace_source_messages_total'), 300);
      });
    }
  }

  it('gives every part of a message, with all its properties', async () => {
    const topic = 'parts/a';
    const source = MqttSources.mqtt(broker.url, Subscription.of('parts/+', 2), (of, message) => ({ of, message }));
    await using driver = await SourceDriver.open(source);
    await using peer = await connectPeer(broker.port, { protocolVersion: 5 });
    const properties = {
      contentType: 'application/json',
      responseTopic: 'answer',
      correlationData: Buffer.from([1, 2, 3]),
      messageExpiryInterval: 100,
      payloadFormatIndicator: true,
      userProperties: { a: ['1', '2'], b: '3' },
    };
    await peer.publish(topic, '{"größe":7}', { qos: 2, properties });
    const [item] = await driver.take(1);
    assert.ok(item);
    const { message } = item;
    assert.deepEqual(
      [item.of, message.topic, message.qos, message.retain, message.dup],
      [topic, topic, 2, false, false],
    );
    assert.equal(message.toString(), '{"größe":7}');
    assert.deepEqual(message.json(), { größe: 7 });
    const got = message.properties;
    assert.deepEqual(
      [got.contentType, got.responseTopic, got.payloadFormatIndicator],
      ['application/json', 'answer', 1],
    );
    assert.deepEqual([...(got.correlationData ?? [])], [1, 2, 3]);
    assert.deepEqual(got.userProperties, [
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
    ]);
    assert.ok((got.messageExpiryInterval ?? 0) > 0);
  });

  it('without a mapToItemFn items are copies of the payloads', async () => {
    await using driver = await SourceDriver.open(MqttSources.mqtt(broker.url, 'bytes'));
    await publishAll({ port: broker.port, topic: 'bytes' }, ['one', 'two']);
    const items = await driver.take(2);
    assert.deepEqual(
      items.map((bytes) => new TextDecoder().decode(bytes)),
      ['one', 'two'],
    );
    for (const item of items) assert.equal(item.buffer.byteLength, 3);
  });

  it('delivers retained messages with their flag when it subscribes', async () => {
    await publishAll({ port: broker.port, topic: 'kept/value', retain: true }, ['held']);
    const source = MqttSources.mqtt(broker.url, 'kept/#', (_topic, message) => [message.toString(), message.retain]);
    await using driver = await SourceDriver.open(source);
    await driver.take(1);
    await publishAll({ port: broker.port, topic: 'kept/other' }, ['live']);
    assert.deepEqual(await driver.take(2), [
      ['held', true],
      ['live', false],
    ]);
  });

  it('three topics at QoS 2 with 100 messages each arrive complete and once', async () => {
    const topics = ['three/a', 'three/b', 'three/c'];
    const source = kept(freshId())
      .subscriptions(...topics.map((topic) => Subscription.of(topic, 2)))
      .build();
    await using driver = await SourceDriver.open(source);
    await Promise.all(
      topics.map((topic) => publishAll({ port: broker.port, topic, qos: 2 }, numbers(100, `${topic}:`))),
    );
    const items = await driver.consume(300);
    for (const topic of topics) {
      assert.deepEqual(
        items.filter((item) => item.startsWith(`${topic}:`)),
        numbers(100, `${topic}:`),
      );
    }
    assert.equal(items.length, 300);
  });

  it('two sources share a subscription: every message arrives at one of them', async () => {
    const shared = () => text().topic('$share/group/jobs/#').build();
    await using one = await SourceDriver.open(shared());
    await using two = await SourceDriver.open(shared());
    await publishAll({ port: broker.port, topic: 'jobs/x' }, numbers(50));
    await until(() => {
      one.poll();
      two.poll();
      return one.items.length + two.items.length >= 50;
    });
    assert.deepEqual(
      [...one.items, ...two.items].map(Number).sort((a, b) => a - b),
      numbers(50).map(Number),
    );
    assert.ok(one.items.length > 0 && two.items.length > 0);
  });

  it('a shared subscription below 5.0 is told, for not every broker knows it there; at 5.0 it is not', async () => {
    using told = new Told('shared-below-5');
    for (const protocolVersion of [5, 4] as const) {
      const source = text()
        .topic('$share/group/older/#')
        .connectOptionsFn(() => ({ protocolVersion }));
      await using _driver = await SourceDriver.open(source.build());
      assert.deepEqual(
        told.events.map(({ data }) => Reflect.get(Object(data), 'filters')),
        protocolVersion === 5 ? [] : [['$share/group/older/#']],
      );
    }
  });

  it('overlapping filters on 5.0: each copy is a delivery with the identifier of its filter', async () => {
    const source = MqttSources.builder({
      broker: broker.url,
      subscriptions: [Subscription.of('over/#'), Subscription.of('over/+', 2)],
      mapToItemFn: (_topic, message) => message.properties.subscriptionIdentifiers,
    }).build();
    using told = new Told('overlapping-filters');
    await using driver = await SourceDriver.open(source);
    await publishAll({ port: broker.port, topic: 'over/a', qos: 2 }, ['x']);
    const items = await driver.take(2);
    assert.deepEqual(items.flat().sort(), [1, 2]);
    assert.deepEqual(
      told.events.map(({ data }) => data),
      [{ source: 'mqtt(over/#,over/+)', filters: [['over/#', 'over/+']] }],
      'G10: said once',
    );
  });

  it('noLocal, retainAsPublished and retainHandling reach the broker', async () => {
    await publishAll({ port: broker.port, topic: 'opts/old', retain: true }, ['old']);
    const source = MqttSources.builder({
      broker: broker.url,
      subscriptions: [Subscription.of('opts/#', 1, { retainAsPublished: true, retainHandling: 2 })],
      mapToItemFn: (_topic, message) => [message.toString(), message.retain],
    }).build();
    await using driver = await SourceDriver.open(source);
    await publishAll({ port: broker.port, topic: 'opts/new', retain: true }, ['new']);
    assert.deepEqual(await driver.take(1), [['new', true]]);
  });
});

describe('source acknowledgement on mosquitto', SUITE_LIMIT, () => {
  for (const version of VERSIONS) {
    for (const qos of [1, 2] as const) {
      it(`redelivers what was not committed at QoS ${qos} on version ${version}, and nothing else`, async () => {
        const topic = `redeliver/${version}/${qos}`;
        const source = kept(freshId(), version).topic(topic).qualityOfService(qos).build();
        {
          await using driver = await SourceDriver.open(source);
          await publishAll({ port: broker.port, topic, qos, version }, numbers(10));
          await driver.take(10);
          driver.commit(3);
        }
        await publishAll({ port: broker.port, topic, qos, version }, ['10', '11']);
        await using again = await SourceDriver.open(source);
        assert.deepEqual(await again.consume(8), numbers(12).slice(4));
      });
    }
  }

  it('nothing is acknowledged before the commit: the broker waits at the receive maximum', async () => {
    const source = text()
      .clientId(freshId())
      .keepSession()
      .topic('window/#')
      .connectOptionsFn(() => ({ protocolVersion: 5, properties: { receiveMaximum: 7 } }))
      .build();
    await using driver = await SourceDriver.open(source);
    await publishAll({ port: broker.port, topic: 'window/a' }, numbers(20));
    await publishAll({ port: broker.port, topic: 'window/b', qos: 0 }, ['after']);
    // The QoS 0 message was sent after all the others: what is not here now waits for our acknowledgements.
    assert.deepEqual(await driver.take(8), [...numbers(7), 'after']);
    driver.commit(2);
    await driver.take(11);
    driver.commit();
    await driver.consume(21);
    assert.deepEqual(
      driver.items.filter((item) => item !== 'after'),
      numbers(20),
    );
    assert.equal(driver.metric('millrace_connects_total'), 1);
  });

  it('a session that is not kept is gone when the source is closed', async () => {
    const clientId = freshId();
    const source = text().clientId(clientId).topic('gone').build();
    const driver = await SourceDriver.open(source);
    await driver.close();
    await publishAll({ port: broker.port, topic: 'gone' }, ['missed']);
    await using again = await SourceDriver.open(source);
    await publishAll({ port: broker.port, topic: 'gone' }, ['live']);
    assert.deepEqual(await again.take(1), ['live']);
  });

  it('a message of a subscription that the session has left over is acknowledged and counted', async () => {
    const clientId = freshId();
    const first = await SourceDriver.open(kept(clientId).topic('left/old').build());
    await first.close();
    await using driver = await SourceDriver.open(kept(clientId).topic('left/new').build());
    await publishAll({ port: broker.port, topic: 'left/old' }, ['old']);
    await publishAll({ port: broker.port, topic: 'left/new' }, ['new']);
    assert.deepEqual(await driver.consume(1), ['new']);
    assert.equal(driver.metric('millrace_source_unmatched_total'), 1);
  });
});

describe('source back-pressure on mosquitto', SUITE_LIMIT, () => {
  for (const policy of ['drop-oldest', 'drop-newest'] as const) {
    it(`${policy} bounds QoS 0, keeps QoS 1 and counts what it drops`, async () => {
      const topic = `overflow/${policy}`;
      const source = kept(freshId()).topic(`${topic}/#`).maxBufferedMessages(100).qos0Overflow(policy).build();
      await using driver = await SourceDriver.open(source);
      await publishAll({ port: broker.port, topic: `${topic}/q1` }, numbers(20, 'r'));
      await publishAll({ port: broker.port, topic: `${topic}/q0`, qos: 0 }, numbers(1000));
      await until(() => driver.metric('millrace_source_messages_total') === 1020);
      const items = await driver.take(120);
      assert.deepEqual(items.slice(0, 20), numbers(20, 'r'));
      assert.deepEqual(items.slice(20), policy === 'drop-oldest' ? numbers(1000).slice(900) : numbers(100));
      assert.equal(driver.metric('millrace_source_dropped_total'), 900);
    });
  }

  it('pause stops the socket instead of dropping, and nothing is lost or reordered', async () => {
    const source = text()
      .topic('overflow/pause')
      .qualityOfService(0)
      .maxBufferedMessages(50)
      .qos0Overflow('pause')
      .build();
    await using driver = await SourceDriver.open(source);
    const payload = 'x'.repeat(10_000);
    const payloads = numbers(1500).map((number) => `${number}:${payload}`);
    const published = publishAll({ port: broker.port, topic: 'overflow/pause', qos: 0 }, payloads);
    await until(() => driver.metric('millrace_source_buffered_messages') >= 50);
    await driver.take(1500);
    await published;
    assert.deepEqual(
      driver.items.map((item) => Number.parseInt(item, 10)),
      payloads.map((_, index) => index),
    );
    assert.equal(driver.metric('millrace_source_dropped_total'), 0);
  });

  it('bytes of QoS 1 messages above the bound pause reading, and all of them arrive', async () => {
    const source = kept(freshId()).topic('heavy').maxBufferedBytes(100_000).build();
    await using driver = await SourceDriver.open(source);
    const payload = 'x'.repeat(20_000);
    const peer = await connectPeer(broker.port);
    await peer.publishAll(
      'heavy',
      numbers(100).map((number) => `${number}:${payload}`),
    );
    await until(() => driver.metric('millrace_source_buffered_bytes') >= 100_000);
    assert.ok(driver.metric('millrace_source_buffered_bytes') < 400_000);
    while (driver.items.length < 100) {
      await driver.take(driver.items.length + 1);
      driver.commit();
    }
    assert.deepEqual(
      driver.items.map((item) => Number.parseInt(item, 10)),
      numbers(100).map(Number),
    );
  });
});
