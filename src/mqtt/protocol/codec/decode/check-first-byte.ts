import type { ProtocolVersion } from '../../protocol-version.js';
import { PACKET_KINDS, type PacketKind } from '../packet-kind.js';
import { malformed, protocolError } from '../protocol-error.js';
import type { DecodeContext } from './decode-context.js';

const DUP = 8;

/**
 * The kind of a packet by its first byte. Refuses reserved types and flags [MQTT-2.2.2-2; 5: MQTT-2.1.3-1], QoS 3
 * [MQTT-3.3.1-4], and packets that the other end does not send. A tolerant decoder takes a DISCONNECT below 5.0 from a server, too (Mochi).
 */
export function checkFirstByte(
  first: number,
  { version, from, tolerance }: Pick<DecodeContext, 'version' | 'from' | 'tolerance'>,
): PacketKind {
  const kind = PACKET_KINDS[first >> 4];
  if (kind === undefined || (kind.type === 'auth' && version < 5)) {
    throw malformed(`packet type ${first >> 4} is reserved`);
  }
  const flags = first & 0x0f;
  if (kind.flags === undefined) checkPublishFlags(flags, version === 5 && tolerance === undefined);
  else if (flags !== kind.flags && !isRepeated31(kind, flags, version)) {
    throw malformed(
      `${kind.type} with the flags ${flags.toString(2).padStart(4, '0')} [MQTT-2.2.2-2, 5: MQTT-2.1.3-1]`,
    );
  }
  const only = version < 5 ? kind.onlyFrom3 : kind.onlyFrom;
  if (only !== undefined && only !== from && !(kind.type === 'disconnect' && tolerance !== undefined))
    throw protocolError(`a ${from} does not send ${kind.type}`);
  return kind;
}

/** DUP at QoS 0 means nothing: 3.x peers set it, and a tolerant decoder takes it from others too. */
function checkPublishFlags(flags: number, refusesIdleDup: boolean): void {
  const qos = (flags >> 1) & 3;
  if (qos === 3) throw malformed('publish with QoS 3 [MQTT-3.3.1-4]');
  if (qos === 0 && (flags & DUP) !== 0 && refusesIdleDup) throw malformed('publish with DUP at QoS 0 [MQTT-3.3.1-2]');
}

/** In 3.1 PUBREL, SUBSCRIBE and UNSUBSCRIBE are sent at QoS 1, and a repeated one has DUP set (3.1: 2.1). */
function isRepeated31(kind: PacketKind, flags: number, version: ProtocolVersion): boolean {
  return version === 3 && kind.flags === 2 && flags === (2 | DUP);
}
