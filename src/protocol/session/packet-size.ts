import { encodePacket } from '../codec/encode-packet.js';
import type { PublishPacket } from '../packet.js';
import type { ProtocolVersion } from '../protocol-version.js';

/** The largest packet there can be: a byte, four of remaining length, and as much as these can say. */
export const LARGEST_PACKET = 268_435_460;

/** Fixed header, length of the topic, packet id and length of the properties, at their largest. */
const PUBLISH_OVERHEAD = 16;
const LARGEST_UTF8_PER_UNIT = 3;
const NO_PAYLOAD = new Uint8Array(0);

/** Whether the encoded PUBLISH keeps within `maximum` bytes. Only one that may not is encoded to find out, without its payload. */
export function fits(packet: PublishPacket, version: ProtocolVersion, maximum: number): boolean {
  if (maximum >= LARGEST_PACKET) return true;
  const { topic, payload, properties } = packet;
  const bound = PUBLISH_OVERHEAD + topic.length * LARGEST_UTF8_PER_UNIT + payload.length;
  if (properties === undefined && bound <= maximum) return true;
  const body = bodySize(encodePacket({ ...packet, payload: NO_PAYLOAD }, version).length) + payload.length;
  return 1 + lengthBytes(body) + body <= maximum;
}

/** The remaining length of a packet of `total` bytes. */
function bodySize(total: number): number {
  const guess = total - 2;
  return total - 1 - lengthBytes(guess - lengthBytes(guess) + 1);
}

/** How many bytes a remaining length takes [MQTT-1.5.5-1]. */
function lengthBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}
