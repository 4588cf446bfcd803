import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../../../../src/errors/index.js';
import type { ProtocolVersion, Sender } from '../../../../../src/mqtt/protocol/index.js';
import { decodeAll, dribble } from '../../../../support/wire/decode-all.js';
import { parseWirePayload } from '../../../../support/wire/wire-language.js';

type Case = readonly [
  promise: string,
  version: ProtocolVersion,
  from: Sender,
  bytes: string,
  code: ErrorCode,
  reasonCode: number | undefined,
];

const M = 'MALFORMED_PACKET';
const P = 'PROTOCOL_ERROR';

const FIXED_HEADER: readonly Case[] = [
  ['reserved type 0', 4, 'server', '00 00', M, 0x81],
  ['reserved type 15 before 5.0', 4, 'server', 'F0 00', M, 0x81],
  ['flags on CONNACK [MQTT-2.2.2-2]', 4, 'server', '21 02 00 00', M, 0x81],
  ['flags on PUBACK [MQTT-2.2.2-2]', 4, 'server', '44 02 00 01', M, 0x81],
  ['PUBREL without its flags [MQTT-3.6.1-1]', 5, 'server', '60 02 00 01', M, 0x81],
  ['SUBSCRIBE without its flags [MQTT-3.8.1-1]', 5, 'client', "80 r8 m1 00 s2 'aa' 00", M, 0x81],
  ['UNSUBSCRIBE without its flags [MQTT-3.10.1-1]', 5, 'client', "A0 r7 m1 00 s2 'aa'", M, 0x81],
  ['flags on DISCONNECT [MQTT-3.14.1-1]', 5, 'server', 'E1 00', M, 0x81],
  ['flags on AUTH [MQTT-3.15.1-1]', 5, 'server', 'F2 00', M, 0x81],
  ['QoS 3 [MQTT-3.3.1-4]', 4, 'server', "36 r5 s1 'a' m1", M, 0x81],
  ['DUP at QoS 0 in 5.0 [MQTT-3.3.1-2]', 5, 'server', "38 r4 s1 'a' 00", M, 0x81],
  ['a fifth byte of the remaining length', 4, 'server', '30 FF FF FF FF 01', M, 0x81],
  ['an over-long remaining length [MQTT-1.5.5-1]', 5, 'server', 'D0 80 00', M, 0x81],
  ['an over-long remaining length of three bytes [MQTT-1.5.5-1]', 4, 'server', '30 84 80 00', M, 0x81],
  ['a PINGRESP with a body, at the header', 4, 'server', 'D0 FF FF FF 7F', M, 0x81],
  ['a 3.1.1 PUBACK of 3 bytes, at the header', 4, 'server', '40 03', M, 0x81],
  ['a 3.1.1 DISCONNECT with a body', 4, 'client', 'E0 01 00', M, 0x81],
  ['a packet above the maximum, at the header [MQTT-3.1.2-24]', 5, 'server', '30 BE 84 3D', 'PACKET_TOO_LARGE', 0x95],
  ['the largest packet of all, at the header', 4, 'server', '30 FF FF FF 7F', 'PACKET_TOO_LARGE', 0x95],
];

const SENDERS: readonly Case[] = [
  ['CONNECT from a server', 5, 'server', "10 r13 s4 'MQTT' 05 02 k0 00 s0", P, 0x82],
  ['SUBSCRIBE from a server', 4, 'server', "82 r6 m1 s1 'a' 00", P, 0x82],
  ['UNSUBSCRIBE from a server', 4, 'server', "A2 r5 m1 s1 'a'", P, 0x82],
  ['PINGREQ from a server', 4, 'server', 'C0 00', P, 0x82],
  ['DISCONNECT from a 3.1.1 server', 4, 'server', 'E0 00', P, 0x82],
  ['CONNACK from a client', 4, 'client', '20 02 00 00', P, 0x82],
  ['SUBACK from a client', 4, 'client', '90 03 m1 00', P, 0x82],
  ['UNSUBACK from a client', 4, 'client', 'B0 02 m1', P, 0x82],
  ['PINGRESP from a client', 4, 'client', 'D0 00', P, 0x82],
];

const CONNACK: readonly Case[] = [
  ['a CONNACK of one byte', 4, 'server', '20 01 00', M, 0x81],
  ['a CONNACK with a byte too much', 5, 'server', '20 04 00 00 00 00', M, 0x81],
  ['reserved flags [MQTT-3.2.2-1]', 4, 'server', '20 02 02 00', M, 0x81],
  ['reserved flags in 5.0 [MQTT-3.2.2-1]', 5, 'server', '20 03 FE 00 00', M, 0x81],
  ['session present with an error [MQTT-3.2.2-4]', 4, 'server', '20 02 01 05', P, 0x82],
  ['session present with an error in 5.0 [MQTT-3.2.2-6]', 5, 'server', '20 03 01 87 00', P, 0x82],
  ['a reserved return code', 4, 'server', '20 02 00 06', P, 0x82],
  ['a reserved return code in 3.1', 3, 'server', '20 02 00 06', P, 0x82],
  ['an unknown reason code [MQTT-3.2.2-8]', 5, 'server', '20 03 00 FF 00', P, 0x82],
  ['a reason code of another packet [MQTT-3.2.2-8]', 5, 'server', '20 03 00 8E 00', P, 0x82],
  ['a 5.0 CONNACK without properties length', 5, 'server', '20 02 00 00', M, 0x81],
  ['Receive Maximum 0', 5, 'server', '20 06 00 00 03 21 H0', P, 0x82],
  ['Maximum Packet Size 0', 5, 'server', '20 08 00 00 05 27 L0', P, 0x82],
  ['Maximum QoS 2', 5, 'server', '20 05 00 00 02 24 02', P, 0x82],
  ['a boolean of 2', 5, 'server', '20 05 00 00 02 25 02', P, 0x82],
  ['Server Keep Alive of one byte', 5, 'server', '20 05 00 00 02 13 05', M, 0x81],
];

const PUBLISH: readonly Case[] = [
  ['a topic past the end (CVE-2021-41036)', 4, 'server', "30 r5 s9 'abc'", M, 0x81],
  ['a PUBLISH of one byte', 4, 'server', '30 01 00', M, 0x81],
  ['an empty topic [MQTT-4.7.3-1]', 4, 'server', '30 02 s0', P, 0x82],
  ['an empty topic without an alias', 5, 'server', '30 03 s0 00', P, 0x82],
  ['# in a topic [MQTT-3.3.2-2]', 4, 'server', "30 r5 s3 'a/#'", M, 0x81],
  ['+ in a topic [MQTT-3.3.2-2]', 5, 'server', "30 r6 s3 'a/+' 00", M, 0x81],
  ['NUL in a topic [MQTT-1.5.3-2]', 4, 'server', '30 05 00 03 61 00 62', M, 0x81],
  ['a surrogate in a topic [MQTT-1.5.3-1]', 4, 'server', '30 05 00 03 ED A0 80', M, 0x81],
  ['overlong UTF-8 [MQTT-1.5.4-1]', 4, 'server', '30 04 00 02 C0 AF', M, 0x81],
  ['truncated UTF-8 [MQTT-1.5.4-1]', 4, 'server', '30 04 00 02 61 E2', M, 0x81],
  ['UTF-8 above U+10FFFF [MQTT-1.5.4-1]', 4, 'server', '30 06 00 04 F4 90 80 80', M, 0x81],
  ['a control character in a topic', 4, 'server', '30 03 00 01 1F', M, 0x81],
  ['a non-character in a topic', 4, 'server', '30 05 00 03 EF BF BF', M, 0x81],
  ['packet id 0 [MQTT-2.3.1-1]', 4, 'server', "32 r5 s1 'a' m0", P, 0x82],
  ['no room for a packet id', 4, 'server', "32 r4 s1 'a' 01", M, 0x81],
  ['properties longer than the packet', 5, 'server', "30 r4 s1 'a' 05", M, 0x81],
  ['a truncated properties length', 5, 'server', "30 r4 s1 'a' 80", M, 0x81],
  ['a properties length of five bytes', 5, 'server', "30 r8 s1 'a' FF FF FF FF 01", M, 0x81],
  ['a property that ends with its section', 5, 'server', "30 r7 s1 'a' 02 23 00 01", M, 0x81],
  ['an unknown property', 5, 'server', "30 r6 s1 'a' 02 7E 00", M, 0x81],
  ['a property of another packet', 5, 'server', "30 r7 s1 'a' 03 21 H5", M, 0x81],
  ['a property twice', 5, 'server', "30 r8 s1 'a' 04 01 00 01 00", P, 0x82],
  ['Payload Format Indicator 2', 5, 'server', "30 r6 s1 'a' 02 01 02", P, 0x82],
  ['Topic Alias 0 [MQTT-3.3.2-8]', 5, 'server', "30 r7 s1 'a' 03 23 H0", P, 0x94],
  ['Subscription Identifier 0', 5, 'server', "30 r6 s1 'a' 02 0B 00", P, 0x82],
  ['Subscription Identifier of five bytes', 5, 'server', "30 r10 s1 'a' 06 0B 80 80 80 80 01", M, 0x81],
  ['over-long Subscription Identifier [MQTT-1.5.5-1]', 5, 'server', "30 r7 s1 'a' 03 0B 81 00", M, 0x81],
  ['Subscription Identifier from a client [MQTT-3.3.4-6]', 5, 'client', "30 r6 s1 'a' 02 0B 01", P, 0x82],
  ['a wildcard in the response topic [MQTT-3.3.2-14]', 5, 'server', "30 r8 s1 'a' 04 08 s1 '#'", P, 0x82],
  ['an empty response topic', 5, 'server', "30 r7 s1 'a' 03 08 s0", P, 0x82],
  ['ill-formed UTF-8 in a user property [MQTT-1.5.7-1]', 5, 'server', "30 r10 s1 'a' 06 26 00 01 FF s0", M, 0x81],
  ['a user property without its value', 5, 'server', "30 r8 s1 'a' 04 26 s1 'p'", M, 0x81],
];

const ACKS: readonly Case[] = [
  ['PUBACK with id 0', 4, 'server', '40 02 m0', P, 0x82],
  ['PUBACK of one byte', 5, 'server', '40 01 01', M, 0x81],
  ['PUBACK with an unknown code [MQTT-3.4.2-1]', 5, 'server', '40 03 m1 FF', P, 0x82],
  ['PUBACK with a code of PUBREL [MQTT-3.4.2-1]', 5, 'server', '40 03 m1 92', P, 0x82],
  ['PUBREC with a reserved code [MQTT-3.5.2-1]', 5, 'server', '50 03 m1 11', P, 0x82],
  ['PUBREL with a code of PUBACK [MQTT-3.6.2-1]', 5, 'server', '62 03 m1 80', P, 0x82],
  ['PUBCOMP with a code of PUBACK [MQTT-3.7.2-1]', 5, 'server', '70 03 m1 97', P, 0x82],
  ['PUBACK with a properties length past the end', 5, 'server', '40 04 m1 00 01', M, 0x81],
  ['PUBACK with a byte too much', 5, 'server', '40 05 m1 00 00 00', M, 0x81],
  ['PUBACK with a reason string twice', 5, 'server', '40 0A m1 00 06 1F s0 1F s0', P, 0x82],
  ['SUBACK without codes (CVE-2024-10525)', 4, 'server', '90 02 m1', P, 0x82],
  ['SUBACK without codes in 5.0', 5, 'server', '90 03 m1 00', P, 0x82],
  ['SUBACK with the reserved code 3 [MQTT-3.9.3-2]', 4, 'server', '90 03 m1 03', P, 0x82],
  ['SUBACK with the reserved code 0x7F [MQTT-3.9.3-2]', 5, 'server', '90 04 m1 00 7F', P, 0x82],
  ['SUBACK with a 5.0 code in 3.1.1 [MQTT-3.9.3-2]', 4, 'server', '90 03 m1 87', P, 0x82],
  ['SUBACK with id 0', 4, 'server', '90 03 m0 00', P, 0x82],
  ['UNSUBACK without codes in 5.0 [MQTT-3.11.3-1]', 5, 'server', 'B0 03 m1 00', P, 0x82],
  ['UNSUBACK without properties length in 5.0', 5, 'server', 'B0 02 m1', M, 0x81],
  ['UNSUBACK with an unknown code [MQTT-3.11.3-2]', 5, 'server', 'B0 04 m1 00 01', P, 0x82],
  ['DISCONNECT with an unknown code [MQTT-3.14.2-1]', 5, 'server', 'E0 01 05', P, 0x82],
  ['DISCONNECT 0x04 from a server [MQTT-3.14.2-1]', 5, 'server', 'E0 01 04', P, 0x82],
  ['DISCONNECT 0x8E from a client [MQTT-3.14.2-1]', 5, 'client', 'E0 01 8E', P, 0x82],
  ['Session Expiry in a server DISCONNECT [MQTT-3.14.2-2]', 5, 'server', 'E0 07 00 05 11 L0', P, 0x82],
  ['Server Reference in a client DISCONNECT', 5, 'client', "E0 06 00 04 1C s1 'p'", P, 0x82],
  ['AUTH without its method', 5, 'server', 'F0 02 18 00', P, 0x82],
  ['AUTH with an unknown code [MQTT-3.15.2-1]', 5, 'server', "F0 06 17 04 15 s1 'm'", P, 0x82],
  ['re-authentication from a server [MQTT-3.15.2-1]', 5, 'server', "F0 06 19 04 15 s1 'm'", P, 0x82],
];

const CONNECT: readonly Case[] = [
  ['an unknown protocol name [MQTT-3.1.2-1]', 4, 'client', "10 r12 s4 'MQTX' 04 02 k0 s0", P, 0x84],
  ['an unknown protocol level [MQTT-3.1.2-2]', 4, 'client', "10 r12 s4 'MQTT' 06 02 k0 s0", P, 0x84],
  ['level 3 under the new name', 4, 'client', "10 r12 s4 'MQTT' 03 02 k0 s0", P, 0x84],
  ['the reserved flag [MQTT-3.1.2-3]', 4, 'client', "10 r12 s4 'MQTT' 04 03 k0 s0", M, 0x81],
  ['will QoS without a will [MQTT-3.1.2-13]', 4, 'client', "10 r12 s4 'MQTT' 04 0A k0 s0", M, 0x81],
  ['will retain without a will [MQTT-3.1.2-15]', 4, 'client', "10 r12 s4 'MQTT' 04 22 k0 s0", M, 0x81],
  ['will QoS 3 [MQTT-3.1.2-14]', 4, 'client', "10 r17 s4 'MQTT' 04 1E k0 s0 s1 'w' s0", M, 0x81],
  ['a password without a user name [MQTT-3.1.2-22]', 4, 'client', "10 r14 s4 'MQTT' 04 42 k0 s0 s0", M, 0x81],
  ['a missing will [MQTT-3.1.2-9]', 4, 'client', "10 r12 s4 'MQTT' 04 06 k0 s0", M, 0x81],
  ['a missing user name [MQTT-3.1.2-19]', 4, 'client', "10 r12 s4 'MQTT' 04 82 k0 s0", M, 0x81],
  ['a field without its flag [MQTT-3.1.2-18]', 4, 'client', "10 r14 s4 'MQTT' 04 02 k0 s0 s0", M, 0x81],
  ['an empty id with a kept session [MQTT-3.1.3-7]', 4, 'client', "10 r12 s4 'MQTT' 04 00 k0 s0", P, 0x85],
  ['a wildcard in the will topic', 4, 'client', "10 r17 s4 'MQTT' 04 06 k0 s0 s1 '#' s0", M, 0x81],
  ['authentication data without a method', 5, 'client', "10 r16 s4 'MQTT' 05 02 k0 03 16 s0 s0", P, 0x82],
  ['Will Delay outside of the will', 5, 'client', "10 r18 s4 'MQTT' 05 02 k0 05 18 L0 s0", M, 0x81],
];

const SUBSCRIBE: readonly Case[] = [
  ['no filter [MQTT-3.8.3-3]', 4, 'client', '82 02 m1', P, 0x82],
  ['no filter in 5.0 [MQTT-3.8.3-2]', 5, 'client', '82 03 m1 00', P, 0x82],
  ['an inner length past the packet (CVE-2019-5432)', 4, 'client', "82 r6 m1 s9 'a' 00", M, 0x81],
  ['no options behind a filter', 4, 'client', "82 r5 m1 s1 'a'", M, 0x81],
  ['reserved option bits [MQTT-3.8.3-4]', 4, 'client', "82 r6 m1 s1 'a' 04", M, 0x81],
  ['reserved option bits in 5.0 [MQTT-3.8.3-5]', 5, 'client', "82 r7 m1 00 s1 'a' 40", M, 0x81],
  ['QoS 3', 4, 'client', "82 r6 m1 s1 'a' 03", P, 0x82],
  ['retain handling 3', 5, 'client', "82 r7 m1 00 s1 'a' 30", P, 0x82],
  ['No Local on a shared subscription [MQTT-3.8.3-4]', 5, 'client', "82 r16 m1 00 s10 '$share/g/a' 04", P, 0x82],
  ['# not at the end [MQTT-4.7.1-1]', 4, 'client', "82 r8 m1 s3 '#/a' 00", M, 0x81],
  ['a shared subscription without a filter [MQTT-4.8.2-2]', 5, 'client', "82 r14 m1 00 s8 '$share/g' 00", M, 0x81],
  ['Subscription Identifier twice', 5, 'client', "82 r11 m1 04 0B 01 0B 02 s1 'a' 00", P, 0x82],
  ['UNSUBSCRIBE without a filter [MQTT-3.10.3-2]', 4, 'client', 'A2 02 m1', P, 0x82],
  ['UNSUBSCRIBE with an empty filter [MQTT-4.7.3-1]', 4, 'client', 'A2 04 m1 s0', M, 0x81],
];

/** mqtt-packet PR 162: a field must be bounded by its packet, not by the buffer in which the next packet follows. */
const NEXT_PACKET: readonly Case[] = [
  ['UNSUBACK of one byte', 4, 'server', 'B0 01 00 D0 00', M, 0x81],
  ['DISCONNECT with a string past its end', 5, 'server', 'E0 04 00 02 1F 00 D0 00', M, 0x81],
  ['PUBACK with a property of another packet', 5, 'server', '40 06 m1 00 02 21 00 D0 00', M, 0x81],
  ['DISCONNECT with a reason of 0x80 and a cut properties length', 5, 'server', 'E0 02 80 80 D0 00', M, 0x81],
];

function refuses(cases: readonly Case[]): void {
  for (const [promise, version, from, text, code, reasonCode] of cases) {
    it(`refuses ${promise}`, () => {
      const bytes = parseWirePayload(text);
      for (const chunks of [[bytes], dribble(bytes)]) {
        const { error } = decodeAll(chunks, { version, from });
        assert.equal(error?.code, code, error?.message);
        assert.equal(error?.reasonCode, reasonCode);
      }
    });
  }
}

describe('in the fixed header the decoder', () => refuses(FIXED_HEADER));
describe('by the sender the decoder', () => refuses(SENDERS));
describe('in a CONNACK the decoder', () => refuses(CONNACK));
describe('in a PUBLISH the decoder', () => refuses(PUBLISH));
describe('in an acknowledgement, DISCONNECT or AUTH the decoder', () => refuses(ACKS));
describe('in a CONNECT the decoder', () => refuses(CONNECT));
describe('in a SUBSCRIBE or UNSUBSCRIBE the decoder', () => refuses(SUBSCRIBE));
describe('with another packet behind it the decoder', () => refuses(NEXT_PACKET));

describe('on the port of another protocol the decoder', () => {
  const foreign: readonly (readonly [string, string, string])[] = [
    ['a TLS alert', '15 03 01 00 02 02 46', 'mqtts'],
    ['a TLS ClientHello (mqtt-packet 8)', '16 03 01 02 00', 'mqtts'],
    ['an HTTP answer', "'HTTP/1.1 400 Bad Request'", 'ws://'],
  ];
  for (const [promise, text, advice] of foreign) {
    it(`names ${promise} and says what to do`, () => {
      for (const chunks of [[parseWirePayload(text)], dribble(parseWirePayload(text))]) {
        const { error } = decodeAll(chunks, { version: 4 });
        assert.equal(error?.code, 'WRONG_PROTOCOL');
        assert.ok(error?.advice?.includes(advice));
      }
    });
  }

  it('calls the same bytes malformed when packets came before them', () => {
    const { packets, error } = decodeAll([parseWirePayload('20 02 00 00 16 03 01')], { version: 4 });
    assert.equal(packets.length, 1);
    assert.equal(error?.code, 'MALFORMED_PACKET');
  });
});
