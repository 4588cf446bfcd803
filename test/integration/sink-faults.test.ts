import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from 'mqtt';
import { RetryStrategies } from '../../src/connector/index.js';
import type { ConnectOptions } from '../../src/mqtt/connection/options/connect-options.js';
import type { PublishPacket } from '../../src/mqtt/protocol/packet.js';
import { MqttSinks } from '../../src/mqtt/sink/index.js';
import { accept, acceptResumed, type FakeClient, startFakeBroker } from '../support/brokers/fake-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { numbered, SinkDriver } from '../support/rigs/sink-driver.js';
import { until } from '../support/until.js';

const QUICK: ConnectOptions = { reconnectPeriod: 20, maxReconnectPeriod: 100 };

const publishes = (client: FakeClient | undefined): PublishPacket[] =>
  (client?.packets ?? []).filter((packet): packet is PublishPacket => packet.type === 'publish');

const texts = (packets: readonly PublishPacket[]): string[] =>
  packets.map(({ payload }) => Buffer.from(payload).toString());

const sinkTo = (broker: string, options: ConnectOptions = QUICK) =>
  MqttSinks.builder<string>()
    .broker(broker)
    .clientId('producer')
    .topic('t')
    .connectOptionsFn(() => options);

describe('MqttSinks and the window', SUITE_LIMIT, () => {
  it('never has more in flight than the Receive Maximum of the broker, nor than maxInflight', LIMIT, async () => {
    for (const [receiveMaximum, maxInflight] of [
      [3, 1000],
      [1, 1000],
      [100, 7],
    ] as const) {
      let most = 0;
      const pending: number[] = [];
      await using broker = await startFakeBroker({
        connect: (client) =>
          client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties: { receiveMaximum } }),
        publish: (client, { packetId }) => {
          pending.push(packetId);
          most = Math.max(most, pending.length);
          setImmediate(() => {
            const id = pending.shift();
            if (id !== undefined) client.send({ type: 'puback', packetId: id, reasonCode: 0 });
          });
        },
      });
      await using driver = await SinkDriver.open(sinkTo(broker.url, { maxInflight }).build());
      await driver.deliver(numbered(200));
      assert.equal(most, Math.min(receiveMaximum, maxInflight));
      assert.deepEqual(texts(publishes(broker.clients[0])), numbered(200));
    }
  });

  it('takes no more than its buffer above the window while nothing is acknowledged', LIMIT, async () => {
    await using broker = await startFakeBroker({ publish: () => {} });
    const sink = sinkTo(broker.url, { maxInflight: 10 }).maxBufferedMessages(50).build();
    await using driver = await SinkDriver.open(sink);
    assert.equal(driver.writer.write(numbered(1000)), 60);
    driver.writer.flush();
    assert.equal(driver.writer.write(numbered(1000)), 0);
    assert.equal(driver.metric('millrace_sink_inflight'), 10);
    assert.equal(driver.metric('millrace_sink_buffered'), 50);
  });

  it('tells once that there is room again: a caller with nothing to write does not spin', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const sink = sinkTo(broker.url).maxBufferedMessages(5).build();
    await using driver = await SinkDriver.open(sink);
    const taken = driver.writer.write(numbered(2000));
    assert.ok(taken < 2000);
    driver.writer.flush();
    await driver.untilDelivered(taken);
    let resolved = 0;
    for (let i = 0; i < 5; i += 1) {
      void driver.writer.ready().then(() => {
        resolved += 1;
      });
      await new Promise(setImmediate);
    }
    assert.ok(resolved <= 1, `ready resolved ${resolved} times without news`);
  });

  it('a message is never sent twice on a connection that lives', LIMIT, async () => {
    const held: number[] = [];
    await using broker = await startFakeBroker({ publish: (_, { packetId }) => void held.push(packetId) });
    await using driver = await SinkDriver.open(sinkTo(broker.url).build());
    await driver.write(numbered(5));
    await until(() => held.length === 5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(publishes(broker.clients[0]).length, 5);
    for (const packetId of held) broker.clients[0]?.send({ type: 'puback', packetId, reasonCode: 0 });
    await driver.drain();
  });
});

describe('MqttSinks over a cut', SUITE_LIMIT, () => {
  it('sends again with the same id and DUP 1, in order, before anything new', LIMIT, async () => {
    await using broker = await startFakeBroker({ publish: () => {} });
    await using driver = await SinkDriver.open(sinkTo(broker.url).build());
    await driver.write(numbered(3));
    await until(() => publishes(broker.clients[0]).length === 3);
    broker.script = { connect: acceptResumed };
    broker.clients[0]?.reset();
    await broker.client(1);
    await driver.write(['m3']);
    await driver.drain();
    const first = publishes(broker.clients[0]);
    const second = publishes(broker.clients[1]);
    assert.deepEqual(texts(second), numbered(4));
    assert.deepEqual(
      second.map(({ dup }) => dup),
      [true, true, true, false],
    );
    assert.deepEqual(
      second.slice(0, 3).map(({ packetId }) => packetId),
      first.map(({ packetId }) => packetId),
    );
    assert.equal(broker.discards[0]?.connect?.clean, true, 'the first session of a process is clean (R8b)');
    assert.equal(broker.clients[1]?.connect?.clean, false, 'and kept over reconnects');
  });

  it('sends again as new what was in flight when the broker lost the session', LIMIT, async () => {
    for (const guarantee of ['none', 'at-least-once'] as const) {
      await using broker = await startFakeBroker({ publish: () => {} });
      await using driver = await SinkDriver.open(sinkTo(broker.url).build(), guarantee);
      await driver.write(numbered(3));
      await until(() => publishes(broker.clients[0]).length === 3);
      broker.script = {};
      broker.clients[0]?.reset();
      await driver.drain();
      const again = publishes(broker.clients[1]);
      assert.deepEqual(texts(again), numbered(3));
      assert.ok(again.every(({ dup }) => !dup));
    }
  });

  for (const qos of [1, 2] as const) {
    for (const protocolVersion of [5, 4] as const) {
      it(
        `loses nothing at QoS ${qos} on version ${protocolVersion} over ten cuts, and at QoS 2 repeats nothing`,
        LIMIT,
        async () => {
          await using broker = await startMosquitto();
          await using sub = await startMosquittoSub({ port: broker.port });
          await using proxy = await startChaosProxy({ to: broker });
          const cuts = proxy.cut({
            when: { from: 'server', type: qos === 1 ? 'puback' : ['pubrec', 'pubcomp'], nth: 83, times: 10 },
          });
          const sink = sinkTo(proxy.url, { ...QUICK, protocolVersion })
            .qualityOfService(qos)
            .build();
          await using driver = await SinkDriver.open(sink);
          await driver.deliver(numbered(1000));
          await cuts.fired({ count: 10 });
          await sub.untilCount(1000);
          await sub.untilQuiet(200);
          if (qos === 2) assert.deepEqual(sub.texts, numbered(1000));
          else assert.deepEqual(new Set(sub.texts), new Set(numbered(1000)));
        },
      );
    }
  }

  it('loses nothing when the broker is gone for a while and comes back empty', LIMIT, async () => {
    await using broker = await startMosquitto();
    const sink = sinkTo(broker.url).maxBufferedMessages(1000).build();
    await using driver = await SinkDriver.open(sink);
    {
      await using sub = await startMosquittoSub({ port: broker.port });
      await driver.deliver(numbered(500));
      await sub.untilCount(500);
    }
    await broker.kill();
    await driver.write(numbered(500, 'offline'));
    await broker.start();
    await using sub = await startMosquittoSub({ port: broker.port });
    await driver.deliver(numbered(500, 'after'));
    const after = () => sub.texts.filter((text) => text.startsWith('after'));
    await until(() => after().length === 500);
    assert.deepEqual(after(), numbered(500, 'after'));
    assert.equal(driver.delivered, 1500);
  });
});

describe('MqttSinks without auto-reconnect', SUITE_LIMIT, () => {
  it('1000 items with the broker restarted in the middle arrive with indefinitely(interval)', LIMIT, async () => {
    await using broker = await startMosquitto({ persistence: true });
    await using sub = await startMosquittoSub({ port: broker.port, clientId: 'witness' });
    const sink = sinkTo(broker.url, {})
      .autoReconnect(false)
      .retryStrategy(RetryStrategies.indefinitely(100))
      .maxBufferedMessages(1000)
      .build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(numbered(500));
    await sub.untilCount(500);
    await sub.close();
    await broker.stop();
    await driver.write(numbered(1000).slice(500));
    await broker.start();
    await using again = await startMosquittoSub({ port: broker.port, clientId: 'witness' });
    await driver.drain();
    // What the witness had not acknowledged before it was closed comes to it again.
    const arrived = () => [...new Set([...sub.texts, ...again.texts])];
    await until(() => arrived().length === 1000);
    assert.deepEqual(arrived(), numbered(1000));
    assert.equal(driver.metric('millrace_reconnects_total'), 1);
  });

  it('never: the job fails with the error of the connection', LIMIT, async () => {
    await using broker = await startFakeBroker();
    await using driver = await SinkDriver.open(sinkTo(broker.url, {}).autoReconnect(false).build());
    const ready = driver.writer.ready();
    broker.clients[0]?.reset();
    await assert.rejects(ready, { code: 'CONNECTION_LOST' });
    assert.throws(() => driver.writer.write(['x']), { code: 'CONNECTION_LOST' });
  });

  it('maxAttempts: fails with RETRIES_EXHAUSTED and the last error as its cause', LIMIT, async () => {
    await using broker = await startMosquitto();
    const retries: number[] = [];
    const strategy = RetryStrategies.custom()
      .maxAttempts(3)
      .intervalFunction((attempt) => {
        retries.push(attempt);
        return 10;
      })
      .build();
    await using driver = await SinkDriver.open(
      sinkTo(broker.url, {}).autoReconnect(false).retryStrategy(strategy).build(),
    );
    const ready = driver.writer.ready();
    await broker.stop();
    await assert.rejects(ready, (error: Error & { code?: string; cause?: { code?: string } }) => {
      assert.equal(error.code, 'RETRIES_EXHAUSTED');
      assert.equal(error.cause?.code, 'CONNECT_FAILED');
      return true;
    });
    assert.deepEqual(retries, [1, 2, 3]);
  });

  it('the strategy drives the first connection too', LIMIT, async () => {
    await using broker = await startMosquitto();
    await broker.stop();
    const strategy = RetryStrategies.indefinitely(50);
    const opening = SinkDriver.open(sinkTo(broker.url, {}).autoReconnect(false).retryStrategy(strategy).build());
    await broker.start();
    await using driver = await opening;
    await driver.deliver(['x']);
  });

  it('the strategy outlasts a refusal after an accepted connect, and not one at the first (R24)', LIMIT, async () => {
    const refuse = (client: FakeClient): void => {
      client.send({ type: 'connack', sessionPresent: false, reasonCode: 0x86 });
      client.fin();
    };
    await using broker = await startFakeBroker({
      connect: (client) => (client.index === 1 || client.index === 2 ? refuse(client) : accept(client)),
    });
    const sinkOf = (url: string) =>
      sinkTo(url, {}).autoReconnect(false).retryStrategy(RetryStrategies.indefinitely(20)).build();
    const driver = await SinkDriver.open(sinkOf(broker.url));
    broker.clients[0]?.reset();
    await until(() => broker.clients.length === 4);
    await driver.deliver(['x']);
    await driver.close();
    await using strict = await startFakeBroker({ connect: refuse });
    await assert.rejects(SinkDriver.open(sinkOf(strict.url)), { code: 'BAD_CREDENTIALS' });
    assert.equal(strict.clients.length, 1);
  });

  it('closing ends a wait between retries at once', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const strategy = RetryStrategies.indefinitely(60_000);
    const driver = await SinkDriver.open(sinkTo(broker.url, {}).autoReconnect(false).retryStrategy(strategy).build());
    broker.clients[0]?.reset();
    await until(() => broker.clients[0]?.ended);
    const before = performance.now();
    await driver.close();
    assert.ok(performance.now() - before < 30_000);
  });
});

describe('MqttSinks offline without a guarantee', SUITE_LIMIT, () => {
  const offline = async (policy: 'drop-oldest' | 'drop-newest' | 'pause') => {
    const broker = await startMosquitto();
    const sink = sinkTo(broker.url).maxBufferedMessages(10).offlineOverflow(policy).build();
    const driver = await SinkDriver.open(sink, 'none');
    await broker.stop();
    await until(() => driver.metric('millrace_connected') === 0);
    const taken = driver.writer.write(numbered(25));
    driver.writer.flush();
    await broker.start();
    const sub = await startMosquittoSub({ port: broker.port });
    return { broker, driver, sub, taken };
  };

  it('pause takes no more than the buffer holds', LIMIT, async () => {
    const { taken, driver, broker } = await offline('pause');
    assert.equal(taken, 10);
    assert.equal(driver.metric('millrace_sink_dropped_total'), 0);
    await driver.close();
    await broker.stop();
  });

  for (const [policy, lowest] of [
    ['drop-oldest', 15],
    ['drop-newest', 0],
  ] as const) {
    it(`${policy} keeps the buffer's worth, counts the rest and reports it as done`, LIMIT, async () => {
      const proxyless = await startMosquitto();
      const proxy = await startChaosProxy({ to: proxyless });
      const sub = await startMosquittoSub({ port: proxyless.port });
      const sink = sinkTo(proxy.url).maxBufferedMessages(10).offlineOverflow(policy).build();
      const driver = await SinkDriver.open(sink, 'none');
      proxy.refuse();
      proxy.cutAll();
      await until(() => driver.metric('millrace_connected') === 0);
      assert.equal(driver.writer.write(numbered(25)), 25);
      driver.writer.flush();
      assert.equal(driver.metric('millrace_sink_dropped_total'), 15);
      proxy.heal();
      await driver.untilDelivered(25);
      await sub.untilCount(10);
      await sub.untilQuiet(100);
      assert.deepEqual(sub.texts, numbered(25).slice(lowest, lowest + 10));
      await driver.close();
      await sub.close();
      await proxy.close();
      await proxyless.stop();
    });
  }
});

describe('MqttSinks, refusals for now (R20)', SUITE_LIMIT, () => {
  it('0x97: the topic waits and keeps its order, others go on, the retry is a new message', LIMIT, async () => {
    await using broker = await startFakeBroker({
      publish: (client, { packetId, topic }) => {
        // until all others are here
        const refused = topic === 'a' && !texts(publishes(client)).includes('b1');
        client.send({ type: 'puback', packetId, reasonCode: refused ? 0x97 : 0 });
      },
    });
    const sink = MqttSinks.builder()
      .broker(broker.url)
      .messageFn((item: string) => ({ payload: item, topic: item.slice(0, 1) }))
      .retryStrategy(RetryStrategies.indefinitely(30))
      .connectOptionsFn(() => ({ maxInflight: 1 }))
      .build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(['a0', 'a1', 'b0', 'a2', 'b1']);
    const seen = publishes(broker.clients[0]);
    const of = (topic: string) => texts(seen).filter((text) => text.startsWith(topic));
    const attempts = of('a').lastIndexOf('a0') + 1;
    assert.deepEqual(of('a'), [...new Array<string>(attempts).fill('a0'), 'a1', 'a2']);
    assert.deepEqual(of('b'), ['b0', 'b1']);
    assert.ok(seen.every(({ dup }) => !dup));
    assert.equal(new Set(seen.map(({ packetId }) => packetId)).size, seen.length);
    assert.equal(driver.metric('millrace_sink_retried_total'), attempts - 1);
    assert.ok(attempts > 1);
  });

  it(
    'attempts exhausted: the message is given up with the attempt in its letter, the topic goes on',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({
        publish: (client, { packetId, payload }) =>
          client.send({ type: 'puback', packetId, reasonCode: Buffer.from(payload).toString() === 'm0' ? 0x83 : 0 }),
      });
      const sink = sinkTo(broker.url)
        .retryStrategy(RetryStrategies.custom().maxAttempts(2).intervalMs(5).build())
        .onError('skip')
        .build();
      await using driver = await SinkDriver.open(sink);
      await driver.deliver(numbered(3));
      assert.deepEqual(
        driver.rejected.map(({ index, letter }) => [index, letter.attempt, letter.error.code]),
        [[0, 3, 'RETRIES_EXHAUSTED']],
      );
    },
  );

  it('0x10 (no matching subscribers) is success', LIMIT, async () => {
    await using broker = await startFakeBroker({
      publish: (client, { packetId }) => client.send({ type: 'puback', packetId, reasonCode: 0x10 }),
    });
    await using driver = await SinkDriver.open(sinkTo(broker.url).build());
    await driver.deliver(numbered(3));
    assert.deepEqual(driver.rejected, []);
  });

  it('PUBREC of 0x97 at QoS 2 is retried in the same way', LIMIT, async () => {
    let refusals = 1;
    await using broker = await startFakeBroker({
      publish: (client, { packetId }) =>
        client.send({ type: 'pubrec', packetId, reasonCode: refusals-- > 0 ? 0x97 : 0 }),
    });
    const sink = sinkTo(broker.url).qualityOfService(2).retryStrategy(RetryStrategies.indefinitely(5)).build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(['x']);
    assert.equal(publishes(broker.clients[0]).length, 2);
  });
});

describe('MqttSinks and the end of a session', SUITE_LIMIT, () => {
  /** Whether the broker still has the session of the sink's client. */
  const sessionPresent = async (url: string): Promise<boolean> => {
    const client = connect(url, { clientId: 'producer-0', clean: false, protocolVersion: 4, reconnectPeriod: 0 });
    const present = await new Promise<boolean>((resolve, reject) => {
      client.once('connect', (connack) => resolve(connack.sessionPresent));
      client.once('error', reject);
    });
    await client.endAsync(true);
    return present;
  };

  for (const protocolVersion of [5, 4] as const) {
    for (const keep of [true, false]) {
      it(`is ${keep ? 'kept' : 'ended'} at close on version ${protocolVersion}`, LIMIT, async () => {
        await using broker = await startMosquitto();
        const driver = await SinkDriver.open(sinkTo(broker.url, { protocolVersion }).keepSession(keep).build());
        await driver.deliver(numbered(3));
        await driver.close();
        assert.equal(await sessionPresent(broker.url), keep);
      });
    }
  }
});

describe('MqttSinks at QoS 0', SUITE_LIMIT, () => {
  it('takes no more than its buffers while the broker reads nothing, and loses nothing then', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port });
    await using proxy = await startChaosProxy({ to: broker });
    const sink = sinkTo(proxy.url)
      .qualityOfService(0)
      .maxBufferedBytes(1 << 20)
      .build();
    await using driver = await SinkDriver.open(sink, 'none');
    proxy.stopReading('client');
    const payload = (index: number) => `${index} `.padEnd(10_000, '.');
    let taken = 0;
    for (let quiet = 0; quiet < 50; quiet += 1) {
      const more = driver.writer.write([0, 1, 2, 3, 4, 5, 6, 7].map((index) => payload(taken + index)));
      driver.writer.flush();
      taken += more;
      if (more > 0) quiet = 0;
      await new Promise(setImmediate);
    }
    assert.ok(taken < 5000, `took ${taken} messages of 10 kB`);
    assert.ok(driver.writer.progress().delivered < taken, 'what waits for the socket is not delivered');
    proxy.heal();
    await driver.untilDelivered(taken);
    await sub.untilCount(taken);
    assert.deepEqual(
      sub.texts.map((text) => Number.parseInt(text, 10)),
      Array.from({ length: taken }, (_, index) => index),
    );
  });
});
