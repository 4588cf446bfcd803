import type { ConnackPacket } from '../../packet.js';
import { isReasonCodeAllowed } from '../../reason-code.js';
import { malformed, protocolError } from '../protocol-error.js';
import type { DecodeContext } from './decode-context.js';
import { readProperties } from './property-reader.js';

const LARGEST_RETURN_CODE = 5;
/** By a 3.x server, and by one of 5.0. */
const UNACCEPTABLE_VERSION = [0x01, 0x84];

/**
 * CONNACK. A 3.1 server has no session present flag, so `sessionPresent` is false there and the reserved byte is not
 * looked at. A server that does not speak our version may say so in its own: with its code, and with or without properties.
 */
export function decodeConnack(context: DecodeContext): ConnackPacket {
  const { reader, version } = context;
  const flags = reader.u8();
  const reasonCode = reader.u8();
  if (version > 3 && flags > 1) throw malformed('connack with reserved flags [MQTT-3.2.2-1]');
  const sessionPresent = version > 3 && flags === 1;
  checkCode(context, reasonCode);
  if (sessionPresent && reasonCode !== 0) {
    throw protocolError('connack with session present and an error [MQTT-3.2.2-4, 5: MQTT-3.2.2-6]');
  }
  const bare = UNACCEPTABLE_VERSION.includes(reasonCode) ? reader.left === 0 : version < 5;
  if (bare) return { type: 'connack', sessionPresent, reasonCode };
  const properties = readProperties(reader, 'connack', 'server', context);
  return properties === undefined
    ? { type: 'connack', sessionPresent, reasonCode }
    : { type: 'connack', sessionPresent, reasonCode, properties };
}

function checkCode(context: DecodeContext, code: number): void {
  if (UNACCEPTABLE_VERSION.includes(code)) return;
  const known = context.version === 5 ? isReasonCodeAllowed('connack', code) : code <= LARGEST_RETURN_CODE;
  if (!known) throw protocolError(`connack with the code ${code} [MQTT-3.2.2-8]`);
}
