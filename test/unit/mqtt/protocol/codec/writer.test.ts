import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, MillraceError } from '../../../../../src/errors/index.js';
import {
  type ConnectPacket,
  encodePacket,
  type Packet,
  PacketWriter,
  type ProtocolVersion,
  type PublishPacket,
  type Will,
} from '../../../../../src/mqtt/protocol/index.js';
import { parseWirePayload } from '../../../../support/wire/wire-language.js';

const NONE = new Uint8Array(0);
const publish = (changes: Partial<PublishPacket> = {}): PublishPacket => ({
  type: 'publish',
  topic: 'a',
  payload: NONE,
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  ...changes,
});
const connect = (changes: Partial<ConnectPacket> = {}): ConnectPacket => ({
  type: 'connect',
  version: 5,
  clientId: 'c',
  clean: true,
  keepAlive: 0,
  ...changes,
});
const will = (changes: Partial<Will> = {}): Will => ({ topic: 'w', payload: NONE, qos: 0, retain: false, ...changes });
/** What a caller without types may pass. */
const untyped = (value: unknown): never => value as never;

const WRITES: readonly (readonly [string, Packet, ProtocolVersion, string])[] = [
  [
    'CONNECT with all fields',
    connect({
      version: 4,
      keepAlive: 60,
      username: 'u',
      password: Uint8Array.of(1),
      will: will({ qos: 2, retain: true }),
    }),
    4,
    "10 r24 s4 'MQTT' 04 F6 k60 s1 'c' s1 'w' s0 s1 'u' s1 01",
  ],
  ['a 3.1 CONNECT', connect({ version: 3 }), 3, "10 r15 s6 'MQIsdp' 03 02 k0 s1 'c'"],
  [
    'a password without a user name in 5.0',
    connect({ password: Uint8Array.of(1) }),
    5,
    "10 r17 s4 'MQTT' 05 42 k0 00 s1 'c' s1 01",
  ],
  ['PUBLISH at QoS 0', publish({ payload: Uint8Array.of(7), retain: true }), 4, "31 r4 s1 'a' 07"],
  ['PUBLISH at QoS 2 again', publish({ qos: 2, packetId: 258, dup: true }), 5, "3C r6 s1 'a' m258 00"],
  ['PUBLISH by topic alias', publish({ topic: '', properties: { topicAlias: 3 } }), 5, '30 r6 s0 03 23 H3'],
  ['PUBACK in its short form', { type: 'puback', packetId: 1, reasonCode: 0 }, 5, '40 02 m1'],
  ['PUBREC with a code only', { type: 'pubrec', packetId: 1, reasonCode: 0x97 }, 5, '50 03 m1 97'],
  ['PUBREL with its flags [MQTT-3.6.1-1]', { type: 'pubrel', packetId: 1, reasonCode: 0 }, 4, '62 02 m1'],
  [
    'SUBSCRIBE with options',
    {
      type: 'subscribe',
      packetId: 1,
      subscriptions: [{ filter: '#', qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 }],
    },
    5,
    "82 r7 m1 00 s1 '#' 2D",
  ],
  ['DISCONNECT in its short forms', { type: 'disconnect', reasonCode: 0 }, 5, 'E0 00'],
  ['DISCONNECT with a code', { type: 'disconnect', reasonCode: 4 }, 5, 'E0 01 04'],
  ['AUTH', { type: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'm' } }, 5, "F0 06 18 04 15 s1 'm'"],
  [
    'properties that are undefined as absent',
    publish({ properties: untyped({ contentType: undefined }) }),
    4,
    "30 r3 s1 'a'",
  ],
];

type Refusal = readonly [promise: string, packet: Packet, version: ProtocolVersion, code: ErrorCode];
const I = 'INVALID_MESSAGE';
const T = 'INVALID_TOPIC';
const LONG = 'x'.repeat(65_536);

const REFUSALS: readonly Refusal[] = [
  ['a client id above 65535 bytes (CVE-2025-10543)', connect({ clientId: LONG }), 5, I],
  ['a client id above 65535 bytes of UTF-8', connect({ clientId: 'é'.repeat(40_000) }), 5, I],
  ['a topic above 65535 bytes [MQTT-4.7.3-3]', publish({ topic: LONG }), 4, T],
  ['a topic above 65535 bytes of UTF-8 [MQTT-4.7.3-3]', publish({ topic: 'é'.repeat(40_000) }), 4, T],
  ['a password above 65535 bytes', connect({ username: 'u', password: new Uint8Array(65_536) }), 5, I],
  ['a will payload above 65535 bytes', connect({ will: will({ payload: new Uint8Array(65_536) }) }), 5, I],
  ['NUL in a user name [MQTT-1.5.3-2]', connect({ username: 'a\0b' }), 4, I],
  ['a lone surrogate [MQTT-1.5.3-1]', connect({ username: 'a\uD800' }), 4, I],
  ['a lone low surrogate [MQTT-1.5.4-1]', publish({ properties: { contentType: '\uDC00a' } }), 5, I],
  ['a lone surrogate in a topic [MQTT-1.5.3-1]', publish({ topic: '\uD800' }), 4, T],
  ['NUL in a topic [MQTT-4.7.3-2]', publish({ topic: 'a\0' }), 4, T],
  ['# in a topic [MQTT-3.3.2-2]', publish({ topic: 'a/#' }), 4, T],
  ['+ in a topic [MQTT-3.3.2-2]', publish({ topic: '+/a' }), 5, T],
  ['an empty topic [MQTT-4.7.3-1]', publish({ topic: '' }), 5, T],
  ['a topic alias before 5.0', publish({ topic: '', properties: { topicAlias: 1 } }), 4, T],
  ['a topic that is no string', publish({ topic: untyped(7) }), 4, T],
  ['DUP at QoS 0 [MQTT-3.3.1-2]', publish({ dup: true }), 4, I],
  ['a packet id at QoS 0 [MQTT-2.3.1-5]', publish({ packetId: 1 }), 4, I],
  ['QoS 3 [MQTT-3.3.1-4]', publish({ qos: untyped(3), packetId: 1 }), 4, I],
  ['packet id 0 [MQTT-2.3.1-1]', publish({ qos: 1 }), 4, I],
  ['packet id 65536', publish({ qos: 1, packetId: 65_536 }), 4, I],
  ['packet id 1.5', publish({ qos: 1, packetId: 1.5 }), 4, I],
  ['a payload that is a string', publish({ payload: untyped('abc') }), 4, I],
  ['properties before 5.0', publish({ properties: { messageExpiryInterval: 1 } }), 4, I],
  ['a property of another packet', publish({ properties: { receiveMaximum: 1 } }), 5, I],
  ['a property that does not exist', publish({ properties: untyped({ topicAlais: 1 }) }), 5, I],
  ['a property out of range', publish({ properties: { messageExpiryInterval: 2 ** 32 } }), 5, I],
  ['a property of the wrong type', publish({ properties: { messageExpiryInterval: untyped('60') } }), 5, I],
  ['Topic Alias 0 [MQTT-3.3.2-8]', publish({ properties: { topicAlias: 0 } }), 5, I],
  ['Payload Format Indicator 2', publish({ properties: { payloadFormatIndicator: untyped(2) } }), 5, I],
  ['correlation data that is a string', publish({ properties: { correlationData: untyped('x') } }), 5, I],
  ['user properties that are no pairs', publish({ properties: { userProperties: untyped([['a']]) } }), 5, I],
  ['user properties that are an object', publish({ properties: { userProperties: untyped({ a: 'b' }) } }), 5, I],
  ['a response topic with wildcards [MQTT-3.3.2-14]', publish({ properties: { responseTopic: 'a/#' } }), 5, T],
  [
    'Subscription Identifier from a client [MQTT-3.3.4-6]',
    publish({ properties: { subscriptionIdentifiers: [1] } }),
    5,
    I,
  ],
  ['Receive Maximum 0', connect({ properties: { receiveMaximum: 0 } }), 5, I],
  ['Maximum Packet Size 0', connect({ properties: { maximumPacketSize: 0 } }), 5, I],
  ['a boolean property of 1', connect({ properties: { requestProblemInformation: untyped(1) } }), 5, I],
  ['a password without a user name [MQTT-3.1.2-22]', connect({ version: 4, password: NONE }), 4, I],
  ['an empty client id with a kept session [MQTT-3.1.3-7]', connect({ version: 4, clientId: '', clean: false }), 4, I],
  ['an empty client id in 3.1', connect({ version: 3, clientId: '' }), 3, I],
  ['a CONNECT of another version', connect({ version: 4 }), 5, I],
  ['keep-alive above 65535', connect({ keepAlive: 65_536 }), 5, I],
  ['will QoS 3 (mqtt-packet 83)', connect({ will: will({ qos: untyped(3) }) }), 5, I],
  ['will QoS 4 (mqtt-packet 83)', connect({ will: will({ qos: untyped(4) }) }), 4, I],
  ['a wildcard in the will topic', connect({ will: will({ topic: '#' }) }), 5, T],
  ['will properties before 5.0', connect({ version: 4, will: will({ properties: { willDelayInterval: 1 } }) }), 4, I],
  ['authentication data without a method', connect({ properties: { authenticationData: NONE } }), 5, I],
  ['SUBSCRIBE without filters [MQTT-3.8.3-3]', { type: 'subscribe', packetId: 1, subscriptions: [] }, 4, I],
  [
    'SUBSCRIBE with id 0 [MQTT-2.3.1-1]',
    { type: 'subscribe', packetId: 0, subscriptions: [{ filter: 'a', qos: 0 }] },
    4,
    I,
  ],
  ['a bad filter [MQTT-4.7.1-1]', { type: 'subscribe', packetId: 1, subscriptions: [{ filter: 'a#', qos: 0 }] }, 4, T],
  [
    'subscribe QoS 3 [MQTT-3.8.3-4]',
    { type: 'subscribe', packetId: 1, subscriptions: [{ filter: 'a', qos: untyped(3) }] },
    4,
    I,
  ],
  [
    'retain handling 3',
    { type: 'subscribe', packetId: 1, subscriptions: [{ filter: 'a', qos: 0, retainHandling: untyped(3) }] },
    5,
    I,
  ],
  [
    'subscription options before 5.0',
    { type: 'subscribe', packetId: 1, subscriptions: [{ filter: 'a', qos: 0, noLocal: true }] },
    4,
    I,
  ],
  [
    'No Local on a shared subscription [MQTT-3.8.3-4]',
    { type: 'subscribe', packetId: 1, subscriptions: [{ filter: '$share/g/a', qos: 0, noLocal: true }] },
    5,
    I,
  ],
  [
    'two subscription identifiers',
    {
      type: 'subscribe',
      packetId: 1,
      subscriptions: [{ filter: 'a', qos: 0 }],
      properties: { subscriptionIdentifiers: [1, 2] },
    },
    5,
    I,
  ],
  [
    'Subscription Identifier 0',
    {
      type: 'subscribe',
      packetId: 1,
      subscriptions: [{ filter: 'a', qos: 0 }],
      properties: { subscriptionIdentifiers: [0] },
    },
    5,
    I,
  ],
  ['UNSUBSCRIBE without filters [MQTT-3.10.3-2]', { type: 'unsubscribe', packetId: 1, filters: [] }, 4, I],
  ['a code that PUBACK does not have [MQTT-3.4.2-1]', { type: 'puback', packetId: 1, reasonCode: 0x92 }, 5, I],
  ['a reason code before 5.0', { type: 'pubrec', packetId: 1, reasonCode: 0x80 }, 4, I],
  ['a DISCONNECT code of a server [MQTT-3.14.2-1]', { type: 'disconnect', reasonCode: 0x8e }, 5, I],
  ['a DISCONNECT code before 5.0', { type: 'disconnect', reasonCode: 0x82 }, 4, I],
  ['AUTH before 5.0', { type: 'auth', reasonCode: 0 }, 4, I],
  ['AUTH without its method', { type: 'auth', reasonCode: 0x18 }, 5, I],
  ['CONNACK from a client', { type: 'connack', sessionPresent: false, reasonCode: 0 }, 5, I],
];

function isError(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof MillraceError && error.code === code;
}

describe('the writer writes', () => {
  for (const [promise, packet, version, expected] of WRITES) {
    it(promise, () => assert.deepEqual(encodePacket(packet, version), parseWirePayload(expected)));
  }
});

describe('the writer refuses, and writes nothing for,', () => {
  for (const [promise, packet, version, code] of REFUSALS) {
    it(promise, () => {
      const writer = new PacketWriter('client');
      writer.write({ type: 'pingreq' }, version);
      assert.throws(() => writer.write(packet, version), isError(code));
      writer.write({ type: 'pingreq' }, version);
      assert.deepEqual(Buffer.concat(writer.take()), Buffer.from([0xc0, 0, 0xc0, 0]));
    });
  }

  it("a packet above the peer's maximum [MQTT-3.2.2-15]", () => {
    const writer = new PacketWriter('client');
    writer.maximumPacketSize = 10;
    assert.throws(() => writer.write(publish({ payload: new Uint8Array(6) }), 4), isError('MESSAGE_TOO_LARGE'));
    assert.equal(writer.size, 0);
    writer.write(publish({ payload: new Uint8Array(5) }), 4);
    assert.equal(writer.size, 10);
  });

  it('a remaining length above 268,435,455', () => {
    const writer = new PacketWriter();
    const payload = new Uint8Array(268_435_455);
    assert.throws(() => writer.write(publish({ payload }), 4), isError('MESSAGE_TOO_LARGE'));
    assert.equal(writer.size, 0);
  });

  it('no password or payload in its errors', () => {
    const password = new TextEncoder().encode('secret');
    assert.throws(
      () => encodePacket(connect({ version: 4, password }), 4),
      (error) => error instanceof MillraceError && !JSON.stringify(error).includes('secret'),
    );
  });
});

describe('the writer', () => {
  it('gathers many packets into one chunk', () => {
    const writer = new PacketWriter();
    for (let count = 0; count < 100; count += 1) writer.write(publish({ payload: new Uint8Array(64) }), 4);
    assert.equal(writer.take().length, 1);
    assert.deepEqual(writer.take(), []);
  });

  it('never touches what it has handed out', () => {
    const writer = new PacketWriter();
    const taken: Uint8Array[] = [];
    for (let count = 0; count < 2000; count += 1) {
      writer.write(publish({ payload: new Uint8Array(64).fill(count & 0xff) }), 4);
      taken.push(...writer.take());
    }
    taken.forEach((bytes, index) => {
      assert.ok(bytes.subarray(5).every((byte) => byte === (index & 0xff)));
    });
  });

  it('does not copy a large payload, and keeps its place', () => {
    const writer = new PacketWriter();
    const payload = new Uint8Array(5000).fill(9);
    writer.write({ type: 'pingreq' }, 4);
    writer.write(publish({ payload }), 4);
    writer.write({ type: 'pingreq' }, 4);
    assert.equal(writer.size, 2 + 6 + 5000 + 2);
    const chunks = writer.take();
    assert.equal(chunks[1], payload);
    assert.equal(chunks.length, 3);
  });

  it('counts the bytes that wait in size', () => {
    const writer = new PacketWriter();
    for (let count = 0; count < 1000; count += 1) writer.write(publish({ payload: new Uint8Array(200) }), 4);
    assert.equal(writer.size, 1000 * 206);
    assert.equal(Buffer.concat(writer.take()).length, 1000 * 206);
    assert.equal(writer.size, 0);
  });

  it('writes a properties length of several bytes', () => {
    const bytes = encodePacket(
      publish({ properties: { contentType: 'x'.repeat(200), userProperties: [['k', 'v']] } }),
      5,
    );
    const user = "26 s1 'k' s1 'v'";
    assert.deepEqual(bytes, parseWirePayload(`30 r215 s1 'a' v210 03 s200 '${'x'.repeat(200)}' ${user}`));
  });

  it('remembers topics without mixing them up', () => {
    const writer = new PacketWriter();
    for (let count = 0; count < 10_000; count += 1) {
      const topic = `topic/${count % 6000}`;
      writer.write(publish({ topic }), 4);
      assert.equal(Buffer.concat(writer.take()).subarray(4).toString(), topic);
    }
  });
});
