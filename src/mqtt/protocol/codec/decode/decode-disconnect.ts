import type { AuthPacket, DisconnectPacket } from '../../packet.js';
import { isReasonCodeAllowed } from '../../reason-code.js';
import { protocolError } from '../protocol-error.js';
import type { DecodeContext } from './decode-context.js';
import { readProperties } from './property-reader.js';

/**
 * DISCONNECT, whose code is not looked at by a tolerant decoder: it ends the connection whatever it is. In 5.0 without a reason code it is
 * a normal one, and without a property length it has no properties.
 */
export function decodeDisconnect(context: DecodeContext): DisconnectPacket {
  if (context.version < 5) return { type: 'disconnect', reasonCode: 0 };
  return decodeReason(context, 'disconnect');
}

/** AUTH; anything but the empty short form must name its method (5: 3.15.2.2.2). */
export function decodeAuth(context: DecodeContext): AuthPacket {
  const packet = decodeReason(context, 'auth');
  if (packet.reasonCode !== 0 || packet.properties !== undefined) {
    if (packet.properties?.authenticationMethod === undefined) throw protocolError('auth without its method');
  }
  return packet;
}

function decodeReason<T extends 'disconnect' | 'auth'>(
  context: DecodeContext,
  type: T,
): { type: T; reasonCode: number; properties?: NonNullable<DisconnectPacket['properties']> } {
  const { reader, from } = context;
  const reasonCode = reader.left === 0 ? 0 : reader.u8();
  const unknownIsTaken = type === 'disconnect' && context.tolerance !== undefined;
  const isShortAuth = type === 'auth' && reader.left === 0 && reasonCode === 0;
  if (!isReasonCodeAllowed(type, reasonCode, from) && !unknownIsTaken && !isShortAuth) {
    throw protocolError(`${type} from a ${from} with the reason code ${reasonCode} [MQTT-3.14.2-1, 3.15.2-1]`);
  }
  const properties = reader.left === 0 ? undefined : readProperties(reader, type, from, context);
  return properties === undefined ? { type, reasonCode } : { type, reasonCode, properties };
}
