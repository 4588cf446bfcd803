import type { PublishPacket } from '../packet.js';
import type { OutboundMessage } from './outbound-message.js';
import { packetIdOf } from './outbound-window.js';

/** The PUBLISH of an outbound message. A re-send differs in DUP alone [MQTT-4.4.0-1] (R12). */
export function publishPacket(message: OutboundMessage, dup: boolean): PublishPacket {
  const { topic, payload, qos, retain, properties } = message;
  const packetId = qos === 0 ? 0 : packetIdOf(message.seq);
  if (properties === undefined) return { type: 'publish', topic, payload, qos, retain, dup, packetId };
  return { type: 'publish', topic, payload, qos, retain, dup, packetId, properties };
}
