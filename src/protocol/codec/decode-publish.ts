import type { PublishPacket } from '../packet.js';
import type { QualityOfService } from '../quality-of-service.js';
import type { DecodeContext } from './decode-context.js';
import { readPacketId } from './decode-packet-id.js';
import { readProperties } from './property-reader.js';
import { protocolError } from './refusal.js';

/**
 * PUBLISH. The payload is a view of the packet's bytes, always a plain Uint8Array. At QoS 0 `dup` is false: 3.x peers may set the flag there, where it means nothing.
 */
export function decodePublish(context: DecodeContext): PublishPacket {
  const { reader, first } = context;
  const length = reader.u16();
  const start = reader.skip(length);
  const topic = length === 0 ? '' : context.topics.decode(reader, start, start + length);
  const qos = ((first >> 1) & 3) as QualityOfService;
  const packetId = qos === 0 ? 0 : readPacketId(reader);
  const properties = context.version === 5 ? readProperties(reader, 'publish', context.from) : undefined;
  if (length === 0 && properties?.topicAlias === undefined) {
    throw protocolError('publish with neither a topic nor a topic alias [MQTT-4.7.3-1]');
  }
  const payload = reader.rest();
  const retain = (first & 1) !== 0;
  const dup = qos !== 0 && (first & 8) !== 0;
  return properties === undefined
    ? { type: 'publish', topic, payload, qos, retain, dup, packetId }
    : { type: 'publish', topic, payload, qos, retain, dup, packetId, properties };
}
