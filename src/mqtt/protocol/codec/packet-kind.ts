import type { PacketType } from '../packet.js';
import type { Sender } from '../reason-code.js';

/** What the fixed header of a packet type may look like. A number of bytes is Infinity where a body has no fixed length. */
export interface PacketKind {
  readonly type: PacketType;
  /** The upper four bits of the first byte. */
  readonly nibble: number;
  /** The lower four bits [MQTT-2.2.2-1; 5: MQTT-2.1.3-1]; undefined for PUBLISH, where they have a meaning. */
  readonly flags: number | undefined;
  /** The end that alone sends it in 5.0; undefined when both do. */
  readonly onlyFrom: Sender | undefined;
  /** The same below 5.0, where servers send no DISCONNECT. */
  readonly onlyFrom3: Sender | undefined;
  /** The longest body (Remaining Length) in 5.0: a longer one is refused at the header. */
  readonly longestBody: number;
  /** The same below 5.0. */
  readonly longestBody3: number;
}

const ANY = Number.POSITIVE_INFINITY;

const kind = (
  type: PacketType,
  nibble: number,
  {
    flags = 0,
    onlyFrom = undefined,
    onlyFrom3 = onlyFrom,
    longestBody = ANY,
    longestBody3 = longestBody,
  }: Partial<PacketKind> = {},
): PacketKind => ({ type, nibble, flags, onlyFrom, onlyFrom3, longestBody, longestBody3 });

/** Indexed by the upper four bits of the first byte; 0 is no packet type. */
export const PACKET_KINDS: readonly (PacketKind | undefined)[] = [
  undefined,
  kind('connect', 1, { onlyFrom: 'client' }),
  kind('connack', 2, { onlyFrom: 'server', longestBody3: 2 }),
  { ...kind('publish', 3), flags: undefined },
  kind('puback', 4, { longestBody3: 2 }),
  kind('pubrec', 5, { longestBody3: 2 }),
  kind('pubrel', 6, { flags: 2, longestBody3: 2 }),
  kind('pubcomp', 7, { longestBody3: 2 }),
  kind('subscribe', 8, { flags: 2, onlyFrom: 'client' }),
  kind('suback', 9, { onlyFrom: 'server' }),
  kind('unsubscribe', 10, { flags: 2, onlyFrom: 'client' }),
  kind('unsuback', 11, { onlyFrom: 'server', longestBody3: 2 }),
  kind('pingreq', 12, { onlyFrom: 'client', longestBody: 0 }),
  kind('pingresp', 13, { onlyFrom: 'server', longestBody: 0 }),
  kind('disconnect', 14, { onlyFrom3: 'client', longestBody3: 0 }),
  kind('auth', 15),
];

const FIRST_BYTES = new Map(PACKET_KINDS.map((kind) => [kind?.type, kind && (kind.nibble << 4) | (kind.flags ?? 0)]));

/** The first byte of a packet; that of a PUBLISH is without its flags. */
export function firstByteOf(type: PacketType): number {
  return FIRST_BYTES.get(type) ?? 0;
}
