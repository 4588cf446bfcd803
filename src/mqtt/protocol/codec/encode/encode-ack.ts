import type { AckPacket, AuthPacket, DisconnectPacket } from '../../packet.js';
import { invalidMessage } from '../protocol-error.js';
import type { EncodeContext } from './encode-context.js';
import { checkReasonCode, refuseProperties, writePacketId, writePropertiesOf } from './encode-fields.js';
import { hasProperties } from './property-writer.js';

/** PUBACK, PUBREC, PUBREL and PUBCOMP, in their shortest form. Below 5.0 the reason code must be 0. */
export function encodeAck(context: EncodeContext, packet: AckPacket): void {
  writePacketId(context.writer, packet.packetId);
  writeReason(context, packet);
}

/** DISCONNECT, in its shortest form. Below 5.0 the reason code must be 0. */
export function encodeDisconnect(context: EncodeContext, packet: DisconnectPacket): void {
  if (context.version < 5 && context.from === 'server') throw invalidMessage('A 3.x server sends no DISCONNECT');
  writeReason(context, packet);
}

/** AUTH, only in 5.0; anything but the empty form must name its method. */
export function encodeAuth(context: EncodeContext, packet: AuthPacket): void {
  if (context.version < 5) throw invalidMessage('AUTH needs MQTT 5.0');
  if (packet.reasonCode === 0 && !hasProperties(packet.properties)) return;
  checkReasonCode(context, 'auth', packet.reasonCode);
  if (packet.properties?.authenticationMethod === undefined) {
    throw invalidMessage('AUTH must name its authenticationMethod (5: 3.15.2.2.2)');
  }
  context.writer.u8(packet.reasonCode, 'reasonCode');
  writePropertiesOf(context, 'auth', packet.properties);
}

function writeReason(context: EncodeContext, packet: AckPacket | DisconnectPacket): void {
  const { type, reasonCode, properties } = packet;
  if (reasonCode === 0 && properties === undefined) return;
  checkReasonCode(context, type, reasonCode);
  const bare = !hasProperties(properties);
  if (context.version < 5) refuseProperties(properties);
  if (bare && reasonCode === 0) return;
  context.writer.u8(reasonCode, 'reasonCode');
  if (!bare) writePropertiesOf(context, type, properties);
}
