import type { AckPacket } from '../../packet.js';
import { isReasonCodeAllowed } from '../../reason-code.js';
import { protocolError } from '../protocol-error.js';
import type { DecodeContext } from './decode-context.js';
import { readPacketId } from './decode-packet-id.js';
import { readProperties } from './property-reader.js';

/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP, in 5.0 with their short forms: no reason code is success, no property length none. A tolerant
 * decoder takes codes that nobody knows too: below 0x80 they say success (5: 2.4).
 */
export function decodeAck(context: DecodeContext, type: AckPacket['type']): AckPacket {
  const { reader, from } = context;
  const packetId = readPacketId(reader);
  if (context.version < 5 || reader.position === reader.end) return { type, packetId, reasonCode: 0 };
  const reasonCode = reader.u8();
  if (context.tolerance === undefined && !isReasonCodeAllowed(type, reasonCode, from)) {
    throw protocolError(`${type} with the reason code ${reasonCode} [MQTT-3.4.2-1, 3.5.2-1, 3.6.2-1, 3.7.2-1]`);
  }
  const properties = reader.position === reader.end ? undefined : readProperties(reader, type, from, context);
  return properties === undefined ? { type, packetId, reasonCode } : { type, packetId, reasonCode, properties };
}
