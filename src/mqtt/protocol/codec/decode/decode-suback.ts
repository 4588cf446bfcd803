import type { SubackPacket, UnsubackPacket } from '../../packet.js';
import { isReasonCodeAllowed } from '../../reason-code.js';
import { protocolError } from '../protocol-error.js';
import type { DecodeContext } from './decode-context.js';
import { readPacketId } from './decode-packet-id.js';
import { readProperties } from './property-reader.js';

/** SUBACK: at least one code, each a granted QoS or a refusal [MQTT-3.9.3-2]. Refusal 0x80 is taken from 3.1 servers too. */
export function decodeSuback(context: DecodeContext): SubackPacket {
  const packetId = readPacketId(context.reader);
  const properties = context.version === 5 ? readProperties(context.reader, 'suback', 'server', context) : undefined;
  const reasonCodes = readCodes(context, 'suback');
  return properties === undefined
    ? { type: 'suback', packetId, reasonCodes }
    : { type: 'suback', packetId, reasonCodes, properties };
}

/** UNSUBACK: in 5.0 at least one code [MQTT-3.11.3-2], before it none. */
export function decodeUnsuback(context: DecodeContext): UnsubackPacket {
  const packetId = readPacketId(context.reader);
  if (context.version < 5) return { type: 'unsuback', packetId, reasonCodes: [] };
  const properties = readProperties(context.reader, 'unsuback', 'server', context);
  const reasonCodes = readCodes(context, 'unsuback');
  return properties === undefined
    ? { type: 'unsuback', packetId, reasonCodes }
    : { type: 'unsuback', packetId, reasonCodes, properties };
}

function readCodes(context: DecodeContext, type: 'suback' | 'unsuback'): readonly number[] {
  const { reader } = context;
  if (reader.left === 0) throw protocolError(`${type} without a reason code [MQTT-3.8.4-5, 5: MQTT-3.8.4-6, 3.11.3-1]`);
  const codes: number[] = [];
  while (reader.left > 0) {
    const code = reader.u8();
    if (!isKnown(context, type, code))
      throw protocolError(`${type} with the reason code ${code} [MQTT-3.9.3-2, 5: MQTT-3.11.3-2]`);
    codes.push(code);
  }
  return codes;
}

/** A tolerant decoder takes any refusal, and any success of an UNSUBSCRIBE; what a SUBACK grants must be a QoS. */
function isKnown({ version, tolerance }: DecodeContext, type: 'suback' | 'unsuback', code: number): boolean {
  if (version < 5) return code <= 2 || code === 0x80;
  if (isReasonCodeAllowed(type, code)) return true;
  return tolerance !== undefined && (type === 'unsuback' || code >= 0x80);
}
