import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodePacket, type Packet, PacketWriter } from '../../src/mqtt/protocol/index.js';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { arbitraryPacket } from '../support/wire/arbitrary-packet.js';
import { decodeAll, dribble, splitAt } from '../support/wire/decode-all.js';

/** In plain values that compare well: payloads may be views of any buffer. */
function plain(packets: readonly Packet[]): unknown {
  return packets.map((packet) => structuredClone(packet));
}

describe('any valid packet of any version', () => {
  it('comes back from its bytes, whole and one byte at a time', LIMIT, () => {
    fc.assert(
      fc.property(arbitraryPacket, ({ packet, version, from }) => {
        const bytes = encodePacket(packet, version);
        for (const chunks of [[bytes], dribble(bytes)]) {
          const decoded = decodeAll(chunks, { version, from });
          assert.equal(decoded.error, undefined);
          assert.deepEqual(plain(decoded.packets), plain([packet]));
        }
      }),
      { numRuns: 1200 },
    );
  });

  it('comes back from a stream of packets that is cut anywhere', LIMIT, () => {
    const stream = fc.array(arbitraryPacket, { minLength: 1, maxLength: 12 });
    const cuts = fc.array(fc.nat({ max: 20_000 }), { maxLength: 10 });
    fc.assert(
      fc.property(stream, cuts, (sent, places) => {
        const { version, from } = sent[0] as (typeof sent)[number];
        const fitting = sent.filter((one) => one.version === version && one.from === from).map((one) => one.packet);
        const writer = new PacketWriter(from);
        for (const packet of fitting) writer.write(packet, version);
        const decoded = decodeAll(splitAt(Buffer.concat(writer.take()), places), { version, from });
        assert.equal(decoded.error, undefined);
        assert.deepEqual(plain(decoded.packets), plain(fitting));
      }),
      { numRuns: 250 },
    );
  });

  it('has exactly one encoding: decoding and encoding again gives the same bytes', LIMIT, () => {
    fc.assert(
      fc.property(arbitraryPacket, ({ packet, version, from }) => {
        const bytes = encodePacket(packet, version);
        const [again] = decodeAll([bytes], { version, from }).packets;
        assert.ok(again !== undefined);
        assert.deepEqual(encodePacket(again, version), bytes);
      }),
      { numRuns: 500 },
    );
  });
});
