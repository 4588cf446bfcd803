import type { ConnackPacket } from '../packet.js';
import { isReasonCodeAllowed } from '../reason-code.js';
import type { DecodeContext } from './decode-context.js';
import { readProperties } from './property-reader.js';
import { malformed, protocolError } from './refusal.js';

const LARGEST_RETURN_CODE = 5;
const UNACCEPTABLE_VERSION = 1;

/**
 * CONNACK. A 3.1 server has no session present flag, so `sessionPresent` is false there and the reserved byte is not
 * looked at. A 3.1.1 server answers a 5.0 CONNECT with its own CONNACK `20 02 00 01`, which is let through as code 1.
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
  if (version < 5 || isOldServer(context, reasonCode)) return { type: 'connack', sessionPresent, reasonCode };
  const properties = readProperties(reader, 'connack', 'server', context);
  return properties === undefined
    ? { type: 'connack', sessionPresent, reasonCode }
    : { type: 'connack', sessionPresent, reasonCode, properties };
}

function checkCode(context: DecodeContext, code: number): void {
  const known =
    context.version === 5
      ? isReasonCodeAllowed('connack', code) || isOldServer(context, code)
      : code <= LARGEST_RETURN_CODE;
  if (!known) throw protocolError(`connack with the code ${code} [MQTT-3.2.2-8]`);
}

function isOldServer(context: DecodeContext, code: number): boolean {
  return code === UNACCEPTABLE_VERSION && context.reader.left === 0;
}
