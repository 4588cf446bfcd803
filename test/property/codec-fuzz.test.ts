import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError } from '../../src/errors/index.js';
import {
  encodePacket,
  type Packet,
  PacketDecoder,
  type ProtocolVersion,
  type Sender,
} from '../../src/mqtt/protocol/index.js';
import { type Arbitrary, fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { type Attack, mutatedPackets } from '../support/wire/arbitrary-attack.js';
import { decodeAll, dribble } from '../support/wire/decode-all.js';

const MAXIMUM = 4096;
const CODES = ['MALFORMED_PACKET', 'PROTOCOL_ERROR', 'PACKET_TOO_LARGE'];

const random: Arbitrary<Attack> = fc.record({
  bytes: fc.uint8Array({ maxLength: 200 }),
  version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
  from: fc.constantFrom<Sender>('client', 'server'),
});

/** A fixed header that fits, and a body of anything. */
const framed: Arbitrary<Attack> = fc
  .record({
    first: fc.constantFrom(0x20, 0x30, 0x32, 0x3d, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xa2, 0xb0, 0xe0, 0xf0, 0x10),
    body: fc.uint8Array({ maxLength: 60 }),
    version: fc.constantFrom<ProtocolVersion>(3, 4, 5),
    from: fc.constantFrom<Sender>('client', 'server'),
  })
  .map(({ first, body, version, from }) => ({ bytes: Uint8Array.from([first, body.length, ...body]), version, from }));

function check({ bytes, version, from }: Attack): void {
  const options = { version, from, maximumPacketSize: MAXIMUM };
  const whole = decodeAll([bytes], options);
  const byByte = decodeAll(dribble(bytes), options);
  assert.deepEqual(structuredClone(byByte.packets), structuredClone(whole.packets));
  assert.equal(byByte.error?.message, whole.error?.message);
  if (whole.error === undefined) return;
  if (whole.error.code === 'WRONG_PROTOCOL') {
    assert.equal(whole.packets.length, 0);
    return;
  }
  assert.ok(CODES.includes(whole.error.code), `${whole.error.code}: ${whole.error.message}`);
  assert.ok((whole.error.reasonCode ?? 0) >= 0x80);
}

/** Whatever was accepted is a packet that may be sent: strict in both directions by the same rules. */
function checkAccepted({ bytes, version, from }: Attack): void {
  let current = version;
  for (const packet of decodeAll([bytes], { version, from }).packets) {
    if (packet.type === 'connect') current = packet.version;
    if (isOldConnack(packet, current)) continue;
    assert.ok(encodePacket(packet, current).length > 1);
  }
}

/** The one packet that is accepted and never sent: a 3.1.1 server's answer to a 5.0 CONNECT. */
function isOldConnack(packet: Packet, version: ProtocolVersion): boolean {
  return packet.type === 'connack' && version === 5 && packet.reasonCode === 1;
}

for (const [kind, attacks, numRuns] of [
  ['mutated packets', mutatedPackets, 2000],
  ['random bytes', random, 2000],
  ['framed nonsense', framed, 3000],
] as const) {
  describe(kind, () => {
    it('give packets or one protocol error, the same whole or byte by byte', LIMIT, () => {
      fc.assert(fc.property(attacks, check), { numRuns });
    });

    it('give only packets that could be sent', LIMIT, () => {
      fc.assert(fc.property(attacks, checkAccepted), { numRuns: numRuns / 2 });
    });
  });
}

describe('a lying remaining length', () => {
  it('never makes the decoder keep more than the maximum packet size', LIMIT, () => {
    const length = fc.integer({ min: 0, max: 268_435_455 });
    fc.assert(
      fc.property(length, fc.uint8Array({ maxLength: 64 }), (lie, body) => {
        const decoder = new PacketDecoder({ version: 4, from: 'server', maximumPacketSize: MAXIMUM });
        try {
          decoder.push(Uint8Array.from([0x30, ...variableInteger(lie), 0, 1, 0x61, ...body]));
          while (decoder.next() !== undefined);
        } catch (error) {
          assert.ok(error instanceof MillraceError);
        }
        assert.ok(decoder.buffered <= MAXIMUM, `${decoder.buffered} bytes`);
      }),
      { numRuns: 2000 },
    );
  });
});

function variableInteger(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...variableInteger(value >>> 7)];
}
