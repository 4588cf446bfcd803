import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenContext } from '../../src/connector/open-context.js';
import { MqttSources, type MqttTableOptions } from '../../src/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { encodePacket } from '../../src/mqtt/protocol/codec/encode/encode-packet.js';
import type { Packet } from '../../src/mqtt/protocol/packet.js';
import { accept, type FakeClient, grant, startFakeBroker } from '../support/brokers/fake-broker.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';
import { parseWirePayload } from '../support/wire/wire-language.js';

const contextOf = (): OpenContext => ({
  job: 'job',
  guarantee: 'none',
  metrics: new MetricsRegistry(),
  signal: new AbortController().signal,
});

const open = (broker: string, more: Partial<MqttTableOptions<string>> = {}) =>
  MqttSources.table({
    broker,
    topic: 't/+',
    mapToRowFn: (_, message) => message.toString(),
    connectOptionsFn: () => ({ reconnectPeriod: 10, maxReconnectPeriod: 50 }),
    ...more,
  }).open(contextOf());

const row = (topic: string, text: string): Packet => ({
  type: 'publish',
  topic,
  payload: new TextEncoder().encode(text),
  qos: 0,
  retain: true,
  dup: false,
  packetId: 0,
});

const bytesOf = (...packets: readonly Packet[]): Uint8Array =>
  Buffer.concat(packets.map((packet) => encodePacket(packet, 5)));

const BUSY: Packet = { type: 'disconnect', reasonCode: 0x89 };

const connackWith = (properties: Extract<Packet, { type: 'connack' }>['properties']) => (client: FakeClient) =>
  client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, ...(properties && { properties }) });

describe('a table of a broker that does odd things', SUITE_LIMIT, () => {
  it('loses the row of a topic that a malformed message came for, and keeps all others (R22)', async () => {
    using told = new Told('table-row-rejected');
    let client: FakeClient | undefined;
    await using broker = await startFakeBroker({
      subscribe: (subscriber, packet) => {
        client = subscriber;
        grant(subscriber, packet);
        for (const key of ['a', 'b']) subscriber.send(row(`t/${key}`, key));
      },
    });
    const table = await open(broker.url);
    assert.deepEqual([table.get('t/a'), table.get('t/b')], ['a', 'b']);
    // a payload format beside an unknown property
    client?.sendBytes(parseWirePayload("31 r9 s3 't/a' 02 7F 01 'x'"));
    await until(() => told.events.length === 1);
    assert.deepEqual([table.get('t/a'), table.get('t/b')], [undefined, 'b']);
    client?.send(row('t/a', 'again'));
    await until(() => table.get('t/a') === 'again');
    assert.equal(broker.clients.length, 1);
    await table.close();
  });

  it('is loaded on the next connection when one ends with what was asked on it, in the same segment', async () => {
    using told = new Told('session-lost');
    await using broker = await startFakeBroker({
      connect: (client) => {
        if (client.index !== 0) return accept(client);
        client.sendBytes(bytesOf({ type: 'connack', sessionPresent: false, reasonCode: 0 }, BUSY));
        return client.fin();
      },
      subscribe: (client, packet) => {
        if (client.index !== 1) {
          grant(client, packet);
          client.send(row('t/a', 'a'));
          return;
        }
        client.sendBytes(bytesOf({ type: 'suback', packetId: packet.packetId, reasonCodes: [0] }, BUSY));
        client.fin();
      },
      unsubscribe: (client, { packetId }) => {
        const answer: Packet = { type: 'unsuback', packetId, reasonCodes: [0x11] };
        client.sendBytes(client.index === 2 ? bytesOf(answer, BUSY) : bytesOf(answer));
        if (client.index === 2) client.fin();
      },
    });
    const table = await open(broker.url);
    assert.equal(table.get('t/a'), 'a');
    assert.equal(broker.clients.length, 4);
    assert.deepEqual(told.events, [], 'it has nothing in its sessions');
    await table.close();
  });

  it('is refused by name where nothing is retained, and where what it has to ask is above what the broker takes', async () => {
    await using forgetful = await startFakeBroker({ connect: connackWith({ retainAvailable: false }) });
    await assert.rejects(open(forgetful.url), { code: 'UNSUPPORTED', message: /keeps no retained messages/ });
    // room for a SUBSCRIBE of this filter, and for no more
    await using narrow = await startFakeBroker({ connect: connackWith({ maximumPacketSize: 15 }) });
    await assert.rejects(open(narrow.url), { code: 'MESSAGE_TOO_LARGE' });
    await using narrower = await startFakeBroker({ connect: connackWith({ maximumPacketSize: 9 }) });
    await assert.rejects(open(narrower.url), { code: 'MESSAGE_TOO_LARGE' });
  });

  it('is refused by name where each connection is closed at its SUBSCRIBE, and others are not (S4)', async () => {
    await using broker = await startFakeBroker({ subscribe: (client) => client.fin() });
    await assert.rejects(open(broker.url), {
      code: 'SUBSCRIPTION_REFUSED',
      message: /closes each connection at the SUBSCRIBE of the filter/,
    });
  });

  it('asks for all retained messages once, and is refused by name where the QoS that it asks for then is', async () => {
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => {
        if (packet.subscriptions[0]?.qos === 0) return grant(client, packet);
        client.send({ type: 'suback', packetId: packet.packetId, reasonCodes: [0x83] });
      },
    });
    await assert.rejects(open(broker.url, { qualityOfService: 2 }), { code: 'SUBSCRIPTION_REFUSED' });
    const asked = broker.clients[0]?.packets.flatMap((packet) =>
      packet.type === 'subscribe' ? packet.subscriptions : [],
    );
    assert.deepEqual(
      asked?.map(({ qos, retainHandling }) => [qos, retainHandling]),
      [
        [0, 0],
        [2, 2],
      ],
    );
  });

  it('is refused by name where each connection is closed at the SUBSCRIBE of the QoS that it asks for (S4)', async () => {
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => (packet.subscriptions[0]?.qos === 0 ? grant(client, packet) : client.fin()),
    });
    await assert.rejects(open(broker.url, { qualityOfService: 2 }), { code: 'SUBSCRIPTION_REFUSED' });
  });

  it('is open although publishers never cease to publish to new topics', async () => {
    let count = 0;
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => {
        grant(client, packet);
        client.send(row('t/a', 'a'));
        const timer = setInterval(() => {
          if (client.ended) clearInterval(timer);
          else client.send(row(`t/${++count}`, 'x'));
        }, 20);
      },
    });
    const connectOptionsFn = () => ({ reconnectPeriod: 10, ackTimeout: 1000 });
    const table = await open(broker.url, { connectOptionsFn });
    assert.equal(table.get('t/a'), 'a');
    assert.equal(broker.clients.length, 1);
    await table.close();
  });

  it('has a row no longer than the broker has its message (R23)', async () => {
    const expiring = (seconds: number): Packet =>
      Object.assign(row(`t/${seconds}`, 'x'), { properties: { messageExpiryInterval: seconds } });
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => {
        grant(client, packet);
        for (const seconds of [0, 1, 3600]) client.send(expiring(seconds));
      },
    });
    const table = await open(broker.url);
    await until(() => table.get('t/1') === undefined);
    assert.deepEqual([table.get('t/0'), table.get('t/3600')], ['x', 'x']);
    await table.close();
  });

  it('is failed by name by what cannot be delimited, five connections in a row (R22)', async () => {
    await using broker = await startFakeBroker({
      subscribe: (client, packet) => {
        grant(client, packet);
        client.sendBytes(parseWirePayload("36 r9 s3 't/a' m7 00 'x'"));
      },
    });
    await assert.rejects(open(broker.url), { message: /on 5 connections in a row/ });
    assert.equal(broker.clients.length, 5);
  });

  it('holds no more bytes than it may, says so once, and has no row in place of one that it has no room for', async () => {
    using told = new Told('table-full');
    let client: FakeClient | undefined;
    await using broker = await startFakeBroker({
      subscribe: (subscriber, packet) => {
        client = subscriber;
        grant(subscriber, packet);
        for (const key of ['a', 'b', 'c']) subscriber.send(row(`t/${key}`, key.repeat(1000)));
      },
    });
    const table = await open(broker.url, { maxBytes: 3000 });
    const held = () => ['t/a', 't/b', 't/c'].map((key) => table.get(key)?.length);
    assert.deepEqual(held(), [1000, 1000, undefined]);
    client?.send(row('t/a', 'x'.repeat(3000)));
    client?.send(row('t/c', 'c'));
    await until(() => table.get('t/c') === 'c');
    assert.deepEqual(held(), [undefined, 1000, 1]);
    assert.deepEqual(
      told.events.map(({ data }) => data),
      [{ job: 'job', table: 't/+', rows: 2, maxRows: 100_000, bytes: 2518, maxBytes: 3000 }],
    );
    await table.close();
  });
});
