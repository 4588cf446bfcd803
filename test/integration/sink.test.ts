import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectAsync, type IClientPublishOptions } from 'mqtt';
import { DeadLetters, MqttSinks } from '../../src/mqtt/sink/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { numbered, SinkDriver } from '../support/rigs/sink-driver.js';
import { tempDir } from '../support/temp-dir.js';

const VERSIONS = [5, 4, 3] as const;
const QOS = [0, 1, 2] as const;

/** What MQTT.js sees with the properties of 5.0. */
const witness5 = async (url: string, topic: string) => {
  const client = await connectAsync(url, { protocolVersion: 5 });
  const seen: { topic: string; text: string; properties: NonNullable<IClientPublishOptions['properties']> }[] = [];
  client.on('message', (name, payload, packet) => {
    seen.push({ topic: name, text: payload.toString(), properties: { ...packet.properties } });
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return { seen, close: () => client.endAsync(true) };
};

describe('MqttSinks on mosquitto', SUITE_LIMIT, () => {
  for (const protocolVersion of VERSIONS) {
    for (const qos of QOS) {
      it(`delivers 1000 items in order, once, at QoS ${qos} on version ${protocolVersion}`, LIMIT, async () => {
        await using broker = await startMosquitto();
        await using sub = await startMosquittoSub({ port: broker.port });
        const sink = MqttSinks.builder<string>()
          .broker(broker.url)
          .topic('out')
          .qualityOfService(qos)
          .connectOptionsFn(() => ({ protocolVersion }))
          .build();
        await using driver = await SinkDriver.open(sink, qos === 0 ? 'none' : 'at-least-once');
        await driver.deliver(numbered(1000));
        const seen = await sub.untilCount(1000);
        assert.deepEqual(sub.texts, numbered(1000));
        assert.ok(seen.every((message) => message.qos === qos && !message.retain && message.topic === 'out'));
        assert.equal(driver.metric('millrace_sink_messages_total'), 1000);
        assert.equal(driver.metric(`millrace_sink_${qos === 0 ? 'unconfirmed' : 'delivered'}_total`), 1000);
        assert.equal(driver.metric('millrace_sink_inflight') + driver.metric('millrace_sink_buffered'), 0);
      });
    }
  }

  it('tells of each publish on its diagnostics channel, without the payload', LIMIT, async () => {
    await using broker = await startMosquitto();
    const told: unknown[] = [];
    const listen = (message: unknown): void => void told.push(message);
    subscribe('millrace:publish', listen);
    try {
      await using driver = await SinkDriver.open(MqttSinks.mqtt(broker.url, 'told'));
      await driver.deliver(['secret']);
    } finally {
      unsubscribe('millrace:publish', listen);
    }
    // as a log has it: the number counts those of the process
    const facts = told.map((one) => JSON.parse(JSON.stringify(Object.assign({}, one, { number: 0 }))));
    assert.deepEqual(facts, [{ sink: 'mqtt(told)', number: 0, topic: 'told', qos: 1, retain: false, payloadBytes: 6 }]);
  });

  it('sends text, bytes as they are, numbers as text and plain data as JSON', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port });
    await using driver = await SinkDriver.open(MqttSinks.mqtt(broker.url, 'out'));
    await driver.deliver(['grüße 🚀', Uint8Array.of(0, 255, 7), 42, '', { a: [1, null] }]);
    const seen = await sub.untilCount(5);
    assert.deepEqual(
      seen.map(({ payload }) => [...payload]),
      [[...Buffer.from('grüße 🚀')], [0, 255, 7], [...Buffer.from('42')], [], [...Buffer.from('{"a":[1,null]}')]],
    );
  });

  it('lets a message choose its topic, QoS and retain flag', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port });
    const sink = MqttSinks.builder()
      .broker(broker.url)
      .topic('default')
      .messageFn((item: number) => ({
        payload: String(item),
        topic: item === 0 ? undefined : `dynamic/${item}`,
        qos: item === 2 ? 2 : item === 3 ? 0 : undefined,
        retain: item === 1,
      }))
      .build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver([0, 1, 2, 3]);
    const seen = await sub.untilCount(4);
    const byTopic = new Map(seen.map((message) => [message.topic, message.qos]));
    assert.deepEqual(
      byTopic,
      new Map([
        ['default', 1],
        ['dynamic/1', 1],
        ['dynamic/2', 2],
        ['dynamic/3', 0],
      ]),
    );
    await using late = await startMosquittoSub({ port: broker.port });
    const [retained] = await late.untilCount(1);
    assert.equal(retained?.topic, 'dynamic/1');
    assert.equal(retained?.retain, true);
  });

  it('carries the properties of MQTT 5.0', LIMIT, async () => {
    await using broker = await startMosquitto();
    const witness = await witness5(broker.url, 'out');
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 600,
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Buffer.from('id-1'),
      userProperties: { color: 'red', tag: ['a', 'b'] },
    };
    const sink = MqttSinks.builder()
      .broker(broker.url)
      .topic('out')
      .messageFn((item: string) => ({ payload: item, properties }))
      .build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(['x']);
    while (witness.seen.length === 0) await new Promise(setImmediate);
    await witness.close();
    const [message] = witness.seen;
    assert.equal(message?.properties.contentType, 'text/plain');
    assert.equal(message?.properties.payloadFormatIndicator, true);
    assert.equal(message?.properties.responseTopic, 'answers');
    assert.equal(message?.properties.correlationData?.toString(), 'id-1');
    assert.deepEqual({ ...message?.properties.userProperties }, { color: 'red', tag: ['a', 'b'] });
  });

  it('tells once, and counts, that a 3.1.1 connection carries no properties', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port });
    const told: unknown[] = [];
    subscribe('millrace:properties-dropped', (event) => told.push(event));
    const sink = MqttSinks.builder()
      .broker(broker.url)
      .clientId('old')
      .topic('out')
      .connectOptionsFn(() => ({ protocolVersion: 4 }))
      .messageFn((item: string) => ({ payload: item, properties: { contentType: 'text/plain' } }))
      .build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(numbered(3));
    await sub.untilCount(3);
    assert.deepEqual(told, [{ sink: 'old', topic: 'out' }]);
    assert.equal(driver.metric('millrace_sink_properties_dropped_total'), 3);
  });

  it('with parallelism every topic keeps its order, over several clients', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port });
    const sink = MqttSinks.builder()
      .broker(broker.url)
      .clientId('producer')
      .parallelism(3)
      .messageFn((item: number) => ({ payload: String(item), topic: `t/${item % 10}` }))
      .build();
    assert.deepEqual(
      sink.claims.map((claim) => /"(.*)"/.exec(claim)?.[1]),
      ['producer-0', 'producer-1', 'producer-2'],
    );
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(Array.from({ length: 1000 }, (_, index) => index));
    const seen = await sub.untilCount(1000);
    for (let t = 0; t < 10; t += 1) {
      const order = seen.filter(({ topic }) => topic === `t/${t}`).map(({ text }) => Number(text));
      assert.deepEqual(
        order,
        Array.from({ length: 100 }, (_, index) => index * 10 + t),
      );
    }
    for (const id of ['producer-0', 'producer-1', 'producer-2']) {
      assert.ok(
        broker.log.some((line) => line.includes(`Received PUBLISH from ${id} `)),
        `${id} published`,
      );
    }
  });

  it('is a WritableStream without an engine', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port });
    for (const qos of QOS) {
      const sink = MqttSinks.builder<string>({ broker: broker.url, topic: `q${qos}`, qualityOfService: qos }).build();
      await ReadableStream.from(numbered(50)).pipeTo(await sink.open());
    }
    await sub.untilCount(150);
    for (const qos of QOS) {
      const texts = sub.messages.filter(({ topic }) => topic === `q${qos}`).map(({ text }) => text);
      assert.deepEqual(texts, numbered(50));
    }
  });

  it(
    'a wrong password fails the opening with BAD_CREDENTIALS or NOT_AUTHORIZED, and shows no secret',
    LIMIT,
    async () => {
      await using broker = await startMosquitto({ users: { me: 'right' } });
      const open = (builder: ReturnType<typeof MqttSinks.builder<string>>) =>
        SinkDriver.open(builder.broker(broker.url).topic('t').build());
      for (const builder of [MqttSinks.builder<string>().auth('me', 'wr0ng-s3cret'), MqttSinks.builder<string>()]) {
        await assert.rejects(open(builder), (error: Error & { code?: string }) => {
          assert.match(error.code ?? '', /BAD_CREDENTIALS|NOT_AUTHORIZED/);
          assert.ok(!JSON.stringify(error).includes('s3cret'));
          return true;
        });
      }
      await using driver = await open(MqttSinks.builder<string>().auth('me', 'right'));
      await driver.deliver(['x']);
    },
  );
});

describe('MqttSinks, what cannot be delivered', SUITE_LIMIT, () => {
  const ACL = { users: { me: 'pw' }, acl: ['user me', 'topic read #', 'topic write open/#', 'topic write dead/#'] };

  const denied = (url: string) =>
    MqttSinks.builder()
      .broker(url)
      .clientId('producer')
      .auth('me', 'pw')
      .messageFn((item: string) => ({ payload: item, topic: item.startsWith('bad') ? 'closed/x' : 'open/x' }));

  it('fails by default, naming topic, code and reason', LIMIT, async () => {
    await using broker = await startMosquitto(ACL);
    await using driver = await SinkDriver.open(denied(broker.url).build());
    await assert.rejects(
      driver.deliver(['a', 'bad1', 'b']),
      (error: Error & { code?: string; reasonCode?: number }) => {
        assert.equal(error.code, 'PUBLISH_REFUSED');
        assert.equal(error.reasonCode, 0x87);
        assert.match(error.message, /closed\/x.*Not authorized.*item 1 of sink "[^"]+", attempt 1/);
        return true;
      },
    );
    assert.throws(() => driver.writer.write(['c']), { code: 'PUBLISH_REFUSED' });
  });

  it('is reported as rejected with skip, and the rest is delivered', LIMIT, async () => {
    await using broker = await startMosquitto(ACL);
    await using sub = await startMosquittoSub({ port: broker.port, username: 'me', password: 'pw' });
    await using driver = await SinkDriver.open(denied(broker.url).onError('skip').build());
    await driver.deliver(['a', 'bad1', 'b', 'bad2', 'c']);
    await sub.untilCount(3);
    assert.deepEqual(sub.texts, ['a', 'b', 'c']);
    assert.deepEqual(
      driver.rejected.map(({ index }) => index),
      [1, 3],
    );
    assert.equal(driver.rejected[0]?.letter.attributes.topic, 'closed/x');
    assert.equal(driver.rejected[0]?.letter.origin, 'producer');
    assert.equal(driver.delivered, 5);
    assert.equal(driver.metric('millrace_sink_refused_total'), 2);
  });

  it('goes to a dead-letter topic with its payload, properties and what happened', LIMIT, async () => {
    await using broker = await startMosquitto(ACL);
    const watcher = await connectAsync(broker.url, { protocolVersion: 5, username: 'me', password: 'pw' });
    const seen: { text: string; user: Record<string, unknown>; contentType: unknown }[] = [];
    watcher.on('message', (_topic, payload, { properties }) => {
      seen.push({
        text: payload.toString(),
        user: { ...properties?.userProperties },
        contentType: properties?.contentType,
      });
    });
    await watcher.subscribeAsync('dead/#', { qos: 1 });
    const deadLetter = DeadLetters.topic({
      broker: broker.url,
      topic: 'dead/letters',
      clientId: 'dead',
      auth: { username: 'me', password: 'pw' },
    });
    const sink = MqttSinks.builder()
      .broker(broker.url)
      .clientId('producer')
      .auth('me', 'pw')
      .topic('closed/x')
      .messageFn((item: string) => ({
        payload: item,
        properties: { contentType: 'text/x', userProperties: { a: '1' } },
      }))
      .onError({ deadLetter })
      .build();
    const stream = await sink.open();
    const writer = stream.getWriter();
    await writer.write('lost?');
    await writer.close();
    while (seen.length === 0) await new Promise(setImmediate);
    await watcher.endAsync(true);
    const [letter] = seen;
    assert.equal(letter?.text, 'lost?');
    assert.equal(letter?.contentType, 'text/x');
    assert.equal(letter?.user.a, '1');
    assert.equal(letter?.user['millrace-topic'], 'closed/x');
    assert.equal(letter?.user['millrace-error-code'], 'PUBLISH_REFUSED');
    assert.equal(letter?.user['millrace-origin'], 'producer');
  });

  it('goes to a dead-letter topic as JSON on 3.1.1', LIMIT, async () => {
    await using broker = await startMosquitto(ACL);
    await using sub = await startMosquittoSub({ port: broker.port, username: 'me', password: 'pw', topic: 'dead/#' });
    const deadLetter = DeadLetters.topic({
      broker: broker.url,
      topic: 'dead/letters',
      auth: { username: 'me', password: 'pw' },
      connectOptionsFn: () => ({ protocolVersion: 4 }),
    });
    const stream = await denied(broker.url).onError({ deadLetter }).build().open();
    const writer = stream.getWriter();
    await writer.write('bad!');
    await writer.close();
    const [message] = await sub.untilCount(1);
    const record = JSON.parse(message?.text ?? '');
    assert.equal(Buffer.from(record.payload, 'base64').toString(), 'bad!');
    assert.equal(record.error.reasonCode, 0x87);
    assert.equal(record.topic, 'closed/x');
  });

  it('goes to a dead-letter file', LIMIT, async () => {
    await using broker = await startMosquitto(ACL);
    const path = join(tempDir(), 'dead.jsonl');
    const stream = await denied(broker.url)
      .onError({ deadLetter: DeadLetters.file(path) })
      .build()
      .open();
    const writer = stream.getWriter();
    for (const item of ['a', 'bad1', 'b', 'bad2']) await writer.write(item);
    await writer.close();
    const records = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      records.map((record) => Buffer.from(record.payload, 'base64').toString()),
      ['bad1', 'bad2'],
    );
  });

  it('a message above the Maximum Packet Size of the broker is refused before it is sent', LIMIT, async () => {
    await using broker = await startMosquitto({ config: ['max_packet_size 2000'] });
    await using sub = await startMosquittoSub({ port: broker.port });
    const sink = MqttSinks.builder<string>().broker(broker.url).topic('t').onError('skip').build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(['small', 'x'.repeat(5000), 'small too']);
    await sub.untilCount(2);
    assert.deepEqual(sub.texts, ['small', 'small too']);
    assert.equal(driver.rejected[0]?.letter.error.code, 'MESSAGE_TOO_LARGE');
    assert.equal(driver.metric('millrace_reconnects_total'), 0);
  });

  it('on 3.1.1, where the broker just resets, such a message is given up and the rest delivered', LIMIT, async () => {
    await using broker = await startMosquitto({ config: ['max_packet_size 2000'] });
    await using sub = await startMosquittoSub({ port: broker.port });
    const sink = MqttSinks.builder<string>()
      .broker(broker.url)
      .topic('t')
      .onError('skip')
      .connectOptionsFn(() => ({ protocolVersion: 4, reconnectPeriod: 20, maxReconnectPeriod: 50 }))
      .build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(['small', 'x'.repeat(5000), 'small too']);
    await sub.untilCount(2);
    await sub.untilQuiet(100);
    assert.deepEqual([...new Set(sub.texts)].sort(), ['small', 'small too']);
    assert.equal(driver.rejected.length, 1);
    const error = driver.rejected[0]?.letter.error;
    assert.equal(error?.code, 'PUBLISH_REFUSED');
    assert.match(error?.message ?? '', /5000 bytes/);
    assert.match(error?.advice ?? '', /size/);
  });

  it('an item of which messageFn makes no message is rejected with its index', LIMIT, async () => {
    await using broker = await startMosquitto();
    await using sub = await startMosquittoSub({ port: broker.port });
    const messages: Record<string, unknown> = {
      nothing: undefined,
      object: { payload: { a: 1 }, topic: 't' },
      qos: { payload: 'x', topic: 't', qos: 3 },
      topicless: { payload: 'x' },
      wildcard: { payload: 'x', topic: 'a/#' },
      good: { payload: 'good', topic: 't' },
    };
    const sink = MqttSinks.builder()
      .broker(broker.url)
      .messageFn((item: string) => {
        if (item === 'throws') throw new TypeError('bad item');
        return messages[item] as { payload: string };
      })
      .onError('skip')
      .build();
    await using driver = await SinkDriver.open(sink);
    await driver.deliver(['throws', ...Object.keys(messages)]);
    await sub.untilCount(1);
    assert.deepEqual(sub.texts, ['good']);
    const codes = driver.rejected.map(({ index, letter }) => `${index} ${letter.error.code}`).sort();
    assert.deepEqual(codes, [
      '0 USER_FUNCTION_FAILED',
      '1 INVALID_MESSAGE',
      '2 INVALID_MESSAGE',
      '3 INVALID_MESSAGE',
      '4 INVALID_TOPIC',
      '5 INVALID_TOPIC',
    ]);
  });
});
