import { encodePacket, type ProtocolVersion, type Sender } from '../../../src/mqtt/protocol/index.js';
import { type Arbitrary, fc } from '../fast-check.js';
import { arbitraryPacket } from './arbitrary-packet.js';

/** Bytes that a peer may send, and how they are to be read. */
export interface Attack {
  readonly bytes: Uint8Array;
  readonly version: ProtocolVersion;
  readonly from: Sender;
}

type Mutation = (bytes: Uint8Array, at: number, value: number) => Uint8Array;

/** What a broken or hostile peer does to a valid stream. */
const MUTATIONS: readonly Mutation[] = [
  (bytes, at, value) => bytes.with(at, value & 0xff),
  (bytes, at, value) => bytes.with(at, (bytes[at] ?? 0) ^ (1 << (value & 7))),
  (bytes, at) => bytes.slice(0, at),
  (bytes, at) => Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1)]),
  (bytes, at, value) => Uint8Array.from([...bytes.slice(0, at), value & 0xff, ...bytes.slice(at)]),
  (bytes, at, value) =>
    Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at, at + (value & 15)), ...bytes.slice(at)]),
  (bytes, _at, value) => (bytes.length < 2 ? bytes : bytes.with(1, value & 0x7f)),
  (bytes, at) => (at + 1 < bytes.length ? bytes.with(at, 0xff).with(at + 1, 0xff) : bytes),
  (bytes, at) => (at + 1 < bytes.length ? bytes.with(at, 0).with(at + 1, 0) : bytes),
  (bytes) => Uint8Array.from([...bytes.slice(0, 1), (bytes[1] ?? 0) | 0x80, 0, ...bytes.slice(2)]),
];

const steps = fc.array(
  fc.record({ mutation: fc.constantFrom(...MUTATIONS), at: fc.nat({ max: 300 }), value: fc.nat({ max: 255 }) }),
  { minLength: 1, maxLength: 4 },
);

/** Valid packets with a few bytes changed, cut, doubled or lied about. */
export const mutatedPackets: Arbitrary<Attack> = fc
  .tuple(fc.array(arbitraryPacket, { minLength: 1, maxLength: 3 }), steps)
  .map(([sent, changes]) => {
    const { version, from } = sent[0] as (typeof sent)[number];
    let bytes = Uint8Array.from(sent.flatMap((one) => [...encodePacket(one.packet, one.version)]));
    for (const { mutation, at, value } of changes) {
      if (bytes.length > 0) bytes = Uint8Array.from(mutation(bytes, at % bytes.length, value));
    }
    return { bytes, version, from };
  });
