import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectOptions } from '../../src/mqtt/connection/options/connect-options.js';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { Subscription } from '../../src/mqtt/source/options/subscription.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { SourceDriver } from '../support/rigs/source-driver.js';
import { until } from '../support/until.js';

/** Quick reconnects. */
const QUICK: ConnectOptions = { reconnectPeriod: 20, maxReconnectPeriod: 100 };

let clients = 0;
const numbers = (count: number, prefix = '') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

const kept = (url: string, connect: ConnectOptions = {}) =>
  MqttSources.builder()
    .broker(url)
    .clientId(`src-rc-${process.pid}-${++clients}`)
    .keepSession()
    .connectOptionsFn(() => ({ ...QUICK, ...connect }))
    .mapToItemFn((_topic, message) => message.toString());

const takeAll = async (driver: SourceDriver<string>, count: number): Promise<void> => {
  while (driver.items.length < count) {
    await driver.take(driver.items.length + 1);
    driver.commit();
  }
};

/** What is polled before the source has seen the cut is polled twice, as QoS 1 may be. */
const reconnected = async (driver: SourceDriver<string>): Promise<void> => {
  await until(() => driver.metric('millrace_reconnects_total') === 1);
};

describe('source over cuts', SUITE_LIMIT, () => {
  for (const version of [5, 4] as const) {
    it(`a cut makes no duplicate of QoS 1 messages that nobody has polled (version ${version})`, async () => {
      await using broker = await startMosquitto();
      await using proxy = await startChaosProxy({ to: broker });
      await using driver = await SourceDriver.open(kept(proxy.url, { protocolVersion: version }).topic('cut').build());
      await publishAll({ port: broker.port, topic: 'cut' }, numbers(10));
      await until(() => driver.metric('millrace_source_buffered_messages') === 10);
      const fault = proxy.cut({ when: { from: 'server', type: 'publish' } });
      await publishAll({ port: broker.port, topic: 'cut' }, ['10']);
      await fault.fired();
      await reconnected(driver);
      await takeAll(driver, 11);
      await publishAll({ port: broker.port, topic: 'cut' }, ['end']);
      await takeAll(driver, 12);
      assert.deepEqual(driver.items, [...numbers(11), 'end']);
      assert.equal(driver.metric('millrace_source_superseded_total'), 10);
    });

    it(`QoS 1 messages that were polled and not committed come again, in order (version ${version})`, async () => {
      await using broker = await startMosquitto();
      await using proxy = await startChaosProxy({ to: broker });
      await using driver = await SourceDriver.open(kept(proxy.url, { protocolVersion: version }).topic('cut').build());
      await publishAll({ port: broker.port, topic: 'cut' }, numbers(10));
      await until(() => driver.metric('millrace_source_buffered_messages') === 10);
      driver.poll(4);
      driver.commit(1);
      // What the proxy has seen, the cut could still take from the broker.
      await until(() => broker.log.filter((line) => line.startsWith('Received PUBACK from ')).length === 2);
      const fault = proxy.cut({ when: { from: 'server', type: 'publish' } });
      await publishAll({ port: broker.port, topic: 'cut' }, ['10']);
      await fault.fired();
      await reconnected(driver);
      driver.commit(3);
      await takeAll(driver, 13);
      assert.deepEqual(driver.items, ['0', '1', '2', '3', ...numbers(11).slice(2)]);
    });

    it(`repeated cuts make no duplicate and no loss at QoS 2 (version ${version})`, async () => {
      await using broker = await startMosquitto();
      await using proxy = await startChaosProxy({ to: broker });
      const source = kept(proxy.url, { protocolVersion: version }).topic('cut2').qualityOfService(2).build();
      await using driver = await SourceDriver.open(source);
      const fault = proxy.cut({ when: { from: 'client', type: ['pubrec', 'pubcomp'], nth: 37, times: 8 } });
      const published = publishAll({ port: broker.port, topic: 'cut2', qos: 2 }, numbers(300));
      await takeAll(driver, 300);
      await published;
      // the last message is here before the answers to it are at the broker
      await fault.fired({ count: 8 });
      await publishAll({ port: broker.port, topic: 'cut2', qos: 2 }, ['end']);
      await takeAll(driver, 301);
      assert.deepEqual(driver.items, [...numbers(300), 'end']);
    });
  }

  it('what is unpolled when the broker forgets the session is delivered: there is no other copy', async () => {
    await using broker = await startMosquitto({ persistence: false });
    await using driver = await SourceDriver.open(
      kept(broker.url).subscriptions(Subscription.of('a'), Subscription.of('b', 2)).build(),
    );
    await publishAll({ port: broker.port, topic: 'a' }, numbers(5, 'a'));
    await publishAll({ port: broker.port, topic: 'b', qos: 2 }, numbers(5, 'b'));
    await until(() => driver.metric('millrace_source_buffered_messages') === 10);
    await broker.restart();
    await until(() => driver.metric('millrace_sessions_lost_total') === 1);
    await until(() => driver.metric('millrace_connected') === 1);
    await takeAll(driver, 10);
    assert.deepEqual(driver.items, [...numbers(5, 'a'), ...numbers(5, 'b')]);
    await until(async () => {
      await publishAll({ port: broker.port, topic: 'a' }, ['new']);
      return driver.poll().items.length > 0;
    });
  });

  it('a CONNACK lost on the way back makes nothing disappear (R5a)', async () => {
    await using broker = await startMosquitto({ persistence: false });
    await using proxy = await startChaosProxy({ to: broker });
    await using driver = await SourceDriver.open(kept(proxy.url).topic('r5a').build());
    await publishAll({ port: broker.port, topic: 'r5a' }, numbers(3));
    await until(() => driver.metric('millrace_source_buffered_messages') === 3);
    const fault = proxy.cut({ when: { from: 'server', type: 'connack' } });
    await broker.restart();
    await fault.fired();
    await takeAll(driver, 3);
    await until(async () => {
      await publishAll({ port: broker.port, topic: 'r5a' }, ['new']);
      return driver.poll().items.length > 0;
    });
    assert.deepEqual(driver.items.slice(0, 4), [...numbers(3), 'new']);
  });
});

describe('source over a broker restart', SUITE_LIMIT, () => {
  it('reconnects and gets retained messages, as the connector for Jet does', async () => {
    await using broker = await startMosquitto({ persistence: true });
    const source = kept(broker.url).topic('retain').qualityOfService(1).build();
    await using driver = await SourceDriver.open(source);
    await broker.stop();
    await until(() => driver.metric('millrace_connected') === 0);
    await broker.start();
    await publishAll({ port: broker.port, topic: 'retain', retain: true }, ['last']);
    await driver.consume(1);
    assert.deepEqual(driver.items, ['last']);
  });

  it('gets what was retained while the broker knew nothing of it: the session was not kept by the broker', async () => {
    await using broker = await startMosquitto({ persistence: false });
    const source = MqttSources.builder()
      .broker(broker.url)
      .topic('retain')
      .connectOptionsFn(() => QUICK)
      .mapToItemFn((_topic, message) => message.toString())
      .build();
    await using driver = await SourceDriver.open(source);
    await broker.restart();
    await publishAll({ port: broker.port, topic: 'retain', retain: true }, ['last']);
    assert.deepEqual(await driver.take(1), ['last']);
  });

  it('without auto-reconnect the restart is the end of the source', async () => {
    await using broker = await startMosquitto();
    const source = MqttSources.builder().broker(broker.url).topic('t').autoReconnect(false).build();
    await using driver = await SourceDriver.open(source);
    const ready = driver.reader.ready();
    const rejected = assert.rejects(ready, { code: 'CONNECTION_LOST' });
    await broker.restart();
    await rejected;
    assert.throws(() => driver.poll(), { code: 'CONNECTION_LOST' });
  });
});

describe('source and who it is', SUITE_LIMIT, () => {
  it('the right password opens, a wrong or missing one fails with a clear error that shows neither', async () => {
    await using broker = await startMosquitto({ users: { user: 'correct horse' } });
    const base = MqttSources.builder()
      .broker(broker.url)
      .topic('t')
      .mapToItemFn((_topic, message) => message.toString());
    for (const version of [5, 4, 3] as const) {
      const builder = base.connectOptionsFn(() => ({ protocolVersion: version }));
      await using driver = await SourceDriver.open(builder.auth('user', 'correct horse').build());
      await publishAll({ port: broker.port, topic: 't', username: 'user', password: 'correct horse' }, ['in']);
      assert.deepEqual(await driver.take(1), ['in']);
      for (const refused of [builder.auth('user', 'wrong horse'), builder]) {
        await assert.rejects(SourceDriver.open(refused.build()), (error: unknown) => {
          assert.match(String(Object(error).code), /^(NOT_AUTHORIZED|BAD_CREDENTIALS)$/);
          assert.doesNotMatch(JSON.stringify(error) + String(error), /horse/);
          return true;
        });
      }
    }
  });

  it('falls back to 3.1.1 on a broker that speaks nothing newer', async () => {
    await using broker = await startAedes();
    await using driver = await SourceDriver.open(kept(broker.url).topic('t').build());
    await publishAll({ port: broker.port, topic: 't' }, ['old']);
    assert.deepEqual(await driver.take(1), ['old']);
  });

  it('does not fall back where filters overlap, and says why', async () => {
    await using broker = await startAedes();
    const source = kept(broker.url).subscriptions(Subscription.of('a/#'), Subscription.of('a/b')).build();
    await assert.rejects(SourceDriver.open(source), (error: unknown) => {
      assert.equal(Object(error).code, 'UNSUPPORTED_PROTOCOL_VERSION');
      assert.match(String(error), /"a\/#" and "a\/b" overlap/);
      return true;
    });
  });
});

describe('source without an engine', SUITE_LIMIT, () => {
  it('is iterated with an ack for each item; what is not acknowledged comes again', async () => {
    await using broker = await startMosquitto();
    const source = kept(broker.url).topic('iterate').build();
    const first = await source.open();
    await publishAll({ port: broker.port, topic: 'iterate' }, numbers(6));
    const seen: string[] = [];
    for await (const { item, ack } of first) {
      seen.push(item);
      if (item !== '3') ack();
      if (seen.length === 6) break;
    }
    await first.close();
    assert.deepEqual(seen, numbers(6));
    await using again = await SourceDriver.open(source);
    assert.deepEqual(await again.consume(3), ['3', '4', '5']);
  });
});
