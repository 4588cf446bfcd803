import type { Properties } from '../../properties.js';
import { isReasonCodeAllowed } from '../../reason-code.js';
import type { PropertyCarrier } from '../property-rule.js';
import { invalidMessage } from '../protocol-error.js';
import type { ByteWriter } from './byte-writer.js';
import type { EncodeContext } from './encode-context.js';
import { hasProperties, writeProperties } from './property-writer.js';

/** Writes a packet id, which is never 0 [MQTT-2.3.1-1; 5: MQTT-2.2.1-3]. */
export function writePacketId(writer: ByteWriter, id: number): void {
  if (id === 0) throw invalidMessage('A packet id must not be 0 [MQTT-2.3.1-1, 5: MQTT-2.2.1-3]');
  writer.u16(id, 'packetId');
}

/** Writes the properties of a 5.0 packet; below 5.0 there must be none. */
export function writePropertiesOf(
  context: EncodeContext,
  carrier: PropertyCarrier,
  properties: Properties | undefined,
): void {
  if (context.version === 5) writeProperties(context.writer, properties, { carrier, from: context.from });
  else refuseProperties(properties);
}

/** Throws INVALID_MESSAGE when there are properties: only 5.0 has them. */
export function refuseProperties(properties: Properties | undefined): void {
  if (hasProperties(properties)) throw invalidMessage('Properties need MQTT 5.0');
}

/** Throws INVALID_MESSAGE when a packet of this version must not carry the code. */
export function checkReasonCode(
  context: EncodeContext,
  carrier: Parameters<typeof isReasonCodeAllowed>[0],
  code: number,
): void {
  const allowed = context.version === 5 ? isReasonCodeAllowed(carrier, code, context.from) : code === 0;
  if (!allowed) throw invalidMessage(`A ${carrier} of protocol level ${context.version} has no reason code ${code}`);
}
