import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Packet,
  PacketDecoder,
  type ProtocolVersion,
  type Sender,
} from '../../../../../src/mqtt/protocol/index.js';
import { decodeAll, dribble } from '../../../../support/wire/decode-all.js';
import { parseWirePayload } from '../../../../support/wire/wire-language.js';

function only(text: string, version: ProtocolVersion, from: Sender = 'server'): Packet {
  const { packets, error } = decodeAll([parseWirePayload(text)], { version, from });
  assert.equal(error, undefined);
  assert.equal(packets.length, 1);
  return packets[0] as Packet;
}

describe('the decoder accepts', () => {
  it('a PUBACK without a reason code, without a properties length, and with both (5: 3.4.2.1)', () => {
    assert.deepEqual(only('40 02 m1', 5), { type: 'puback', packetId: 1, reasonCode: 0 });
    assert.deepEqual(only('40 03 m1 10', 5), { type: 'puback', packetId: 1, reasonCode: 0x10 });
    assert.deepEqual(only('40 04 m1 87 00', 5), { type: 'puback', packetId: 1, reasonCode: 0x87 });
  });

  it('a DISCONNECT of no, one and two bytes (5: 3.14.2.1; mosquitto sends E0 01 8E)', () => {
    assert.deepEqual(only('E0 00', 5), { type: 'disconnect', reasonCode: 0 });
    assert.deepEqual(only('E0 01 8E', 5), { type: 'disconnect', reasonCode: 0x8e });
    assert.deepEqual(only('E0 02 8B 00', 5), { type: 'disconnect', reasonCode: 0x8b });
  });

  it('an AUTH of no and one byte (5: 3.15.2.1)', () => {
    assert.deepEqual(only('F0 00', 5), { type: 'auth', reasonCode: 0 });
    assert.deepEqual(only('F0 01 00', 5), { type: 'auth', reasonCode: 0 });
  });

  it('short forms without looking into the packet behind them (mqtt-packet PR 162)', () => {
    const { packets } = decodeAll([parseWirePayload('E0 00 D0 00 F0 00 D0 00')]);
    assert.deepEqual(packets, [
      { type: 'disconnect', reasonCode: 0 },
      { type: 'pingresp' },
      { type: 'auth', reasonCode: 0 },
      { type: 'pingresp' },
    ]);
  });

  it('the CONNACK of a 3.1.1 server that does not know 5.0', () => {
    assert.deepEqual(only('20 02 00 01', 5), { type: 'connack', sessionPresent: false, reasonCode: 1 });
  });

  it('any reserved byte in a 3.1 CONNACK, which has no session present', () => {
    assert.deepEqual(only('20 02 01 00', 3), { type: 'connack', sessionPresent: false, reasonCode: 0 });
  });

  it('a repeated 3.1 PUBREL with DUP (3.1: 2.1)', () => {
    assert.deepEqual(only('6A 02 m1', 3), { type: 'pubrel', packetId: 1, reasonCode: 0 });
  });

  it('DUP at QoS 0 from a 3.1.1 server, as no DUP', () => {
    const packet = only("38 r3 s1 'a'", 4);
    assert.ok(packet.type === 'publish' && !packet.dup);
  });

  it('a byte order mark, and keeps it [MQTT-1.5.3-3]', () => {
    const packet = only('30 06 00 04 EF BB BF 61', 4);
    assert.ok(packet.type === 'publish' && packet.topic === '\uFEFFa');
  });

  it('an empty topic that a topic alias stands for', () => {
    const packet = only('30 r6 s0 03 23 H5', 5);
    assert.ok(packet.type === 'publish' && packet.topic === '' && packet.properties?.topicAlias === 5);
  });

  it('equal subscription identifiers of overlapping subscriptions (5: 3.3.4)', () => {
    const packet = only("30 r8 s1 'a' 04 0B 01 0B 01", 5);
    assert.ok(packet.type === 'publish');
    assert.deepEqual(packet.properties, { subscriptionIdentifiers: [1, 1] });
  });

  it('user properties in order, also twice under one name', () => {
    const packet = only("40 12 m1 00 0E 26 s1 'p' s1 'q' 26 s1 'p' s1 'r'", 5);
    assert.ok(packet.type === 'puback');
    assert.deepEqual(packet.properties, {
      userProperties: [
        ['p', 'q'],
        ['p', 'r'],
      ],
    });
  });

  it('a CONNECT of 3.1, and reads on in that version', () => {
    const text = "10 r15 s6 'MQIsdp' 03 02 k60 s1 'c' 82 r6 m1 s1 'a' 01";
    const { packets } = decodeAll([parseWirePayload(text)], { version: 5, from: 'client' });
    assert.deepEqual(packets, [
      { type: 'connect', version: 3, clientId: 'c', clean: true, keepAlive: 60 },
      { type: 'subscribe', packetId: 1, subscriptions: [{ filter: 'a', qos: 1 }] },
    ]);
  });

  it('a packet of exactly the maximum size', () => {
    const { packets } = decodeAll([parseWirePayload("30 r5 s1 'abc'")], { version: 4, maximumPacketSize: 7 });
    assert.equal(packets.length, 1);
    assert.equal(
      decodeAll([parseWirePayload("30 r6 s1 'abcd'")], { version: 4, maximumPacketSize: 7 }).error?.reasonCode,
      0x95,
    );
  });
});

describe('the decoder', () => {
  const publish = parseWirePayload("30 r14 s5 'topic' 'payload'");

  it('gives the payload of a whole packet as a view of the pushed chunk', () => {
    const chunk = Buffer.from(publish);
    const [packet] = decodeAll([chunk], { version: 4 }).packets;
    assert.ok(packet?.type === 'publish');
    assert.equal(packet.payload.buffer, chunk.buffer);
    assert.equal(Object.getPrototypeOf(packet.payload), Uint8Array.prototype);
  });

  it('gives the payload and the topic of a chunk that lies within a larger buffer', () => {
    const pool = Buffer.alloc(100, 0xff);
    pool.set(publish, 40);
    const [packet] = decodeAll([pool.subarray(40, 40 + publish.length)], { version: 4 }).packets;
    assert.ok(packet?.type === 'publish');
    assert.equal(packet.topic, 'topic');
    assert.equal(Buffer.from(packet.payload).toString(), 'payload');
  });

  it('puts each split packet together in a buffer of its own', () => {
    const { packets } = decodeAll([...dribble(publish), ...dribble(publish)], { version: 4 });
    const [first, second] = packets;
    assert.ok(first?.type === 'publish' && second?.type === 'publish');
    assert.deepEqual(Buffer.from(first.payload).toString(), 'payload');
    assert.notEqual(first.payload.buffer, second.payload.buffer);
    assert.ok(first.payload.buffer.byteLength <= publish.length);
  });

  it('copies binary properties, so that they outlive the chunk', () => {
    const chunk = parseWirePayload("30 r8 s1 'a' 04 09 s1 'x'");
    const [packet] = decodeAll([chunk], { version: 5 }).packets;
    assert.ok(packet?.type === 'publish');
    assert.notEqual(packet.properties?.correlationData?.buffer, chunk.buffer);
  });

  it('takes several pushes before it is asked', () => {
    const decoder = new PacketDecoder({ version: 4, from: 'server', maximumPacketSize: 100 });
    for (const byte of dribble(publish)) decoder.push(byte);
    decoder.push(publish);
    assert.equal(decoder.next()?.type, 'publish');
    assert.equal(decoder.next()?.type, 'publish');
    assert.equal(decoder.next(), undefined);
  });

  it('gives what came before a bad packet, then the same error for ever', () => {
    const decoder = new PacketDecoder({ version: 4, from: 'server', maximumPacketSize: 100 });
    decoder.push(Uint8Array.from([...publish, 0, 0]));
    assert.equal(decoder.next()?.type, 'publish');
    const errors = new Set<unknown>();
    for (let call = 0; call < 3; call += 1) {
      assert.throws(
        () => decoder.next(),
        (error) => errors.add(error) !== undefined,
      );
      decoder.push(publish);
    }
    assert.equal(errors.size, 1);
  });

  it('keeps topics apart when they share a cache slot', () => {
    const decoder = new PacketDecoder({ version: 4, from: 'server', maximumPacketSize: 100 });
    for (let round = 0; round < 2; round += 1) {
      // more than are remembered
      for (let index = 0; index < 150_000; index += 1) {
        const topic = index % 2 === 0 ? `t/${index}` : `a/longer/${index}/one`;
        decoder.push(parseWirePayload(`30 r${topic.length + 2} s${topic.length} '${topic}'`));
        const packet = decoder.next();
        assert.ok(packet?.type === 'publish');
        assert.equal(packet.topic, topic);
      }
    }
  });

  it('reads 60,000 user properties within the maximum packet size', () => {
    const count = 60_000;
    const pairs = `26 s0 s0 `.repeat(count);
    const bytes = parseWirePayload(`30 r${7 + 5 * count - 1} s1 'a' v${5 * count} ${pairs}`);
    const { packets, error } = decodeAll([bytes]);
    assert.equal(error, undefined);
    assert.ok(packets[0]?.type === 'publish' && packets[0].properties?.userProperties?.length === count);
  });
});
