import type { PublishPacket } from '../../packet.js';
import type { OutboundMessage } from './outbound-message.js';

/** The PUBLISH of an outbound message under its packet id, 0 at QoS 0. A re-send differs in DUP alone [MQTT-4.4.0-1] (R12). */
export function publishPacket(message: OutboundMessage, packetId: number, dup: boolean): PublishPacket {
  const { topic, payload, qos, retain, properties } = message;
  if (properties === undefined) return { type: 'publish', topic, payload, qos, retain, dup, packetId };
  return { type: 'publish', topic, payload, qos, retain, dup, packetId, properties };
}
