import type { PacketType } from '../packet.js';
import type { ProtocolVersion } from '../protocol-version.js';
import type { Sender } from '../reason-code.js';

/** What the fixed header of a packet type may look like. */
export interface PacketKind {
  readonly type: PacketType;
  /** The upper four bits of the first byte. */
  readonly nibble: number;
  /** The lower four bits [MQTT-2.2.2-1; 5: MQTT-2.1.3-1]; undefined for PUBLISH, where they have a meaning. */
  readonly flags: number | undefined;
  /** The only end that sends it; undefined when both do. */
  readonly onlyFrom: Sender | undefined;
}

/** Indexed by the upper four bits of the first byte; 0 is no packet type. */
export const PACKET_KINDS: readonly (PacketKind | undefined)[] = [
  undefined,
  { type: 'connect', nibble: 1, flags: 0, onlyFrom: 'client' },
  { type: 'connack', nibble: 2, flags: 0, onlyFrom: 'server' },
  { type: 'publish', nibble: 3, flags: undefined, onlyFrom: undefined },
  { type: 'puback', nibble: 4, flags: 0, onlyFrom: undefined },
  { type: 'pubrec', nibble: 5, flags: 0, onlyFrom: undefined },
  { type: 'pubrel', nibble: 6, flags: 2, onlyFrom: undefined },
  { type: 'pubcomp', nibble: 7, flags: 0, onlyFrom: undefined },
  { type: 'subscribe', nibble: 8, flags: 2, onlyFrom: 'client' },
  { type: 'suback', nibble: 9, flags: 0, onlyFrom: 'server' },
  { type: 'unsubscribe', nibble: 10, flags: 2, onlyFrom: 'client' },
  { type: 'unsuback', nibble: 11, flags: 0, onlyFrom: 'server' },
  { type: 'pingreq', nibble: 12, flags: 0, onlyFrom: 'client' },
  { type: 'pingresp', nibble: 13, flags: 0, onlyFrom: 'server' },
  { type: 'disconnect', nibble: 14, flags: 0, onlyFrom: undefined },
  { type: 'auth', nibble: 15, flags: 0, onlyFrom: undefined },
];

const FIRST_BYTES = new Map(PACKET_KINDS.map((kind) => [kind?.type, kind && (kind.nibble << 4) | (kind.flags ?? 0)]));

/** The first byte of a packet; that of a PUBLISH is without its flags. */
export function firstByteOf(type: PacketType): number {
  return FIRST_BYTES.get(type) ?? 0;
}

/** The end that alone sends this packet in this version; undefined when both do. 3.x servers send no DISCONNECT. */
export function onlySenderOf(kind: PacketKind, version: ProtocolVersion): Sender | undefined {
  return kind.type === 'disconnect' && version < 5 ? 'client' : kind.onlyFrom;
}

/** The longest body (Remaining Length) of a packet that has a fixed one, Infinity for the others: refused at the header. */
export function longestBodyOf(kind: PacketKind, version: ProtocolVersion): number {
  if (kind.type === 'pingreq' || kind.type === 'pingresp') return 0;
  if (version === 5) return Number.POSITIVE_INFINITY;
  return LONGEST_BODY_3[kind.type] ?? Number.POSITIVE_INFINITY;
}

const LONGEST_BODY_3: Readonly<Partial<Record<PacketType, number>>> = {
  connack: 2,
  puback: 2,
  pubrec: 2,
  pubrel: 2,
  pubcomp: 2,
  unsuback: 2,
  disconnect: 0,
};
