import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Packet, PacketDecoderOptions, PublishPacket } from '../../../../../src/mqtt/protocol/index.js';
import { decodeAll, dribble } from '../../../../support/wire/decode-all.js';
import { parseWirePayload } from '../../../../support/wire/wire-language.js';

const TOLERANT = { tolerance: { refuseControlCharacters: false }, maxProperties: 20 } as const;
const BEHIND = 'D0 00';

/** The PUBLISH of these bytes, read by a tolerant decoder whole and byte by byte; what is behind it must come too. */
function publishOf(text: string, options: Partial<PacketDecoderOptions> = {}): PublishPacket {
  const bytes = parseWirePayload(`${text} ${BEHIND}`);
  const read = [[bytes], dribble(bytes)].map((chunks) => {
    const { packets, error } = decodeAll(chunks, { ...TOLERANT, ...options });
    assert.equal(error, undefined, error?.message);
    assert.deepEqual(
      packets.map(({ type }) => type),
      ['publish', 'pingresp'],
    );
    return packets[0];
  });
  const [whole, dribbled] = read;
  assert.ok(isPublish(whole) && isPublish(dribbled));
  assert.deepEqual(whole.rejection?.raw, dribbled.rejection?.raw);
  return whole;
}

const isPublish = (packet: Packet | undefined): packet is PublishPacket => packet?.type === 'publish';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('R22: a tolerant decoder takes what the specification lets a receiver take', () => {
  const topics = {
    tab: '61 09 62',
    'a line feed': '61 0A 62',
    ESC: '61 1B 62',
    DEL: '61 7F 62',
    'U+0001': '61 01 62',
    'U+0085': '61 C2 85 62',
    'U+FFFF': '61 EF BF BF 62',
    'U+FDD0': '61 EF B7 90 62',
  };
  for (const [name, hex] of Object.entries(topics)) {
    it(`a topic with ${name}, on 3.1.1 and 5.0; and rejects it where the user asks for that`, () => {
      const length = hex.split(' ').length;
      for (const [version, properties] of [[5, '00'] as const, [4, ''] as const]) {
        const wire = `32 r${length + 5 + (version === 5 ? 1 : 0)} s${length} ${hex} m7 ${properties} 'x'`;
        const taken = publishOf(wire, { version });
        assert.equal(taken.rejection, undefined);
        assert.equal(taken.topic, text(parseWirePayload(hex)));
        const refused = publishOf(wire, { version, tolerance: { refuseControlCharacters: true } });
        assert.equal(refused.rejection?.reasonCode, 0x90);
        assert.equal(refused.topic, taken.topic);
      }
    });
  }

  it('DUP at QoS 0, which means nothing', () => {
    assert.deepEqual(
      [publishOf("38 r5 s1 'a' 00 'x'").dup, publishOf("38 r5 s1 'a' 00 'x'").rejection],
      [false, undefined],
    );
  });
});

describe('R22: a tolerant decoder leaves out a property that means nothing and harms nobody', () => {
  const cases = {
    'a response topic with a wildcard': ["08 s3 'r/+'", 'responseTopic'],
    'an empty response topic': ['08 s0', 'responseTopic'],
    'a payload format that does not exist': ['01 i2', 'payloadFormatIndicator'],
  } as const;
  for (const [name, [property, leftOut]] of Object.entries(cases)) {
    it(`${name}; the others of the packet stay`, () => {
      const properties = parseWirePayload(`${property} 03 s1 't'`).length;
      const publish = publishOf(`32 r${properties + 7} s1 'a' m7 v${properties} ${property} 03 s1 't' 'x'`);
      assert.equal(publish.rejection, undefined);
      assert.deepEqual(publish.leftOut, [leftOut]);
      assert.deepEqual(publish.properties, { contentType: 't' });
      assert.equal(text(publish.payload), 'x');
    });
  }

  it('and forgets it for the next packet', () => {
    const bytes = parseWirePayload("30 r9 s1 'a' v4 08 s1 '#' 'x' 30 r5 s1 'a' 00 'y'");
    const { packets } = decodeAll([bytes], TOLERANT);
    assert.deepEqual(
      packets.filter(isPublish).map((packet) => packet.leftOut),
      [['responseTopic'], undefined],
    );
  });
});

describe('R22: a tolerant decoder gives what must be refused, with what can be read of it', () => {
  const P5 = 5;
  /** promise, version, bytes, topic, properties, code of a negative answer */
  const cases = [
    ['NUL in the topic', 5, "33 r8 s3 'a' 00 'b' m7 00", '', undefined, 0x90],
    ['NUL in the topic of 3.1.1', 4, "33 r7 s3 'a' 00 'b' m7", '', undefined, 0x90],
    ['ill-formed UTF-8 in the topic', P5, "3B r8 s3 'a' FF 'b' m7 00", '', undefined, 0x90],
    ['a surrogate in the topic', P5, '3D r8 s3 ED A0 80 m7 00', '', undefined, 0x90],
    ['a wildcard in the topic', P5, "32 r8 s3 'a/+' m7 00", 'a/+', undefined, 0x90],
    ['an empty topic', P5, '32 r5 s0 m7 00', '', undefined, 0x90],
    ['an empty topic on 3.1.1', 4, '32 r4 s0 m7', '', undefined, 0x90],
    ['a wildcard beside good properties', P5, "32 r10 s1 '#' m7 v4 03 s1 't'", '#', { contentType: 't' }, 0x90],
    ['an unknown property', P5, "32 r8 s1 'a' m7 v2 05 i1", 'a', undefined, 0x80],
    ['a property of another packet', P5, "32 r8 s1 'a' m7 v2 24 i0", 'a', undefined, 0x80],
    ['a property twice', P5, "32 r14 s1 'a' m7 v8 03 s1 't' 03 s1 't'", 'a', undefined, 0x80],
    ['NUL in a user property', P5, "32 r13 s1 'a' m7 v7 26 s1 00 s1 'v'", 'a', undefined, 0x80],
    ['ill-formed UTF-8 in the content type', P5, "32 r10 s1 'a' m7 v4 03 s1 FF", 'a', undefined, 0x80],
    ['subscription identifier 0', P5, "32 r8 s1 'a' m7 v2 0B 00", 'a', undefined, 0x80],
    ['topic alias 0', P5, "32 r9 s1 'a' m7 v3 23 H0", 'a', undefined, 0x80],
    ['a property that is longer than the properties', P5, "32 r9 s1 'a' m7 v3 03 s9", 'a', undefined, 0x80],
    ['a property without its end', P5, "32 r8 s1 'a' m7 v2 08 00", 'a', undefined, 0x80],
  ] as const;
  for (const [name, version, wire, topic, properties, reasonCode] of cases) {
    it(name, () => {
      const bytes = parseWirePayload(`${wire}`);
      // one byte of payload, so that it shows where the reader stands
      bytes[1] = (bytes[1] as number) + 1;
      const hex = Buffer.from(bytes).toString('hex').toUpperCase();
      const publish = publishOf(`${hex} 'p'`, { version });
      assert.ok(publish.rejection);
      assert.equal(publish.topic, topic);
      assert.equal(publish.packetId, 7);
      assert.deepEqual(publish.properties, properties);
      assert.equal(text(publish.payload), 'p');
      assert.deepEqual(publish.rejection.raw, parseWirePayload(`${hex} 'p'`));
      assert.equal(publish.rejection.reasonCode, reasonCode);
      assert.deepEqual(
        [publish.qos, publish.retain, publish.dup],
        [((bytes[0] as number) >> 1) & 3, ((bytes[0] as number) & 1) === 1, ((bytes[0] as number) & 8) === 8],
      );
    });
  }

  it('more properties than are taken, in 0x83; as many as are taken are', () => {
    const many = (count: number) => `32 r${count * 5 + 7} s1 'a' m7 v${count * 5} ${'26 s0 s0 '.repeat(count)} 'p'`;
    assert.equal(publishOf(many(20)).properties?.userProperties?.length, 20);
    const { rejection, payload } = publishOf(many(21));
    assert.deepEqual([rejection?.reasonCode, rejection?.error.code, text(payload)], [0x83, 'PACKET_TOO_LARGE', 'p']);
    const identifiers = publishOf(`32 r48 s1 'a' m7 v42 ${'0B 01 '.repeat(21)}`);
    assert.equal(identifiers.rejection?.reasonCode, 0x83);
  });
});

describe('a tolerant decoder still ends at what cannot be delimited', () => {
  const cases = [
    ['QoS 3', 5, "36 r6 s1 'a' m7 00"],
    ['packet id 0', 5, "32 r6 s1 'a' m0 00"],
    ['packet id 0 of a message with a bad topic', 4, "32 r5 s1 '#' m0"],
    ['a topic that is longer than the packet', 4, "32 r5 s9 'a' m7"],
    ['no packet id', 4, "32 r3 s1 'a'"],
    ['properties that are longer than the packet', 5, "32 r6 s1 'a' m7 v9"],
    ['no property length', 5, "32 r5 s1 'a' m7"],
    ['a property length of five bytes', 5, "32 r10 s1 'a' m7 80 80 80 80 01"],
    ['a remaining length of five bytes', 5, '30 80 80 80 80 01'],
    ['more properties than are taken in what is no PUBLISH', 5, `40 r109 m7 00 v105 ${'26 s0 s0 '.repeat(21)}`],
  ] as const;
  for (const [name, version, wire] of cases) {
    it(name, () => {
      const { packets, error } = decodeAll([parseWirePayload(`${wire} ${BEHIND}`)], { ...TOLERANT, version });
      assert.deepEqual(packets, []);
      assert.match(error?.code ?? '', /^(MALFORMED_PACKET|PROTOCOL_ERROR|PACKET_TOO_LARGE)$/);
    });
  }
});

describe('S9: a tolerant decoder goes by the upper bit of a reason code that nobody knows', () => {
  for (const wire of [
    '40 r3 m7 01',
    '50 r3 m7 7F',
    '62 r3 m7 05',
    '70 r3 m7 11',
    '40 r3 m7 FF',
    'B0 r4 m7 00 01',
    'E0 r1 05',
  ]) {
    it(wire, () => {
      assert.equal(decodeAll([parseWirePayload(wire)], TOLERANT).packets.length, 1);
      assert.equal(decodeAll([parseWirePayload(wire)]).error?.code, 'PROTOCOL_ERROR');
    });
  }

  it('but a SUBACK must grant a QoS', () => {
    assert.equal(decodeAll([parseWirePayload('90 r4 m7 00 03')], TOLERANT).error?.code, 'PROTOCOL_ERROR');
    assert.equal(decodeAll([parseWirePayload('90 r4 m7 00 C0')], TOLERANT).packets.length, 1);
  });
});
