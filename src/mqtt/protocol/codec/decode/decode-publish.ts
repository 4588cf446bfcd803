import { MillraceError } from '../../../../errors/index.js';
import type { PublishPacket } from '../../packet.js';
import type { QualityOfService } from '../../quality-of-service.js';
import { protocolError } from '../protocol-error.js';
import { rejectedPublish } from '../rejected-publish.js';
import type { DecodeContext } from './decode-context.js';
import { readPacketId } from './decode-packet-id.js';
import { readProperties } from './property-reader.js';

/**
 * PUBLISH. The payload is a view of the packet's bytes, always a plain Uint8Array. At QoS 0 `dup` is false: 3.x peers may set the
 * flag there, where it means nothing. A tolerant decoder gives one that must be refused with its `rejection`, as long as it can be
 * delimited (R22).
 */
export function decodePublish(context: DecodeContext): PublishPacket {
  if (context.tolerance === undefined) return readPublish(context);
  try {
    const packet = readPublish(context);
    const { leftOut } = context;
    if (leftOut === undefined || leftOut.length === 0) return packet;
    context.leftOut = [];
    return { ...packet, leftOut };
  } catch (error) {
    return rejectedPublish(context, MillraceError.from(error));
  }
}

function readPublish(context: DecodeContext): PublishPacket {
  const { reader, first } = context;
  const length = reader.u16();
  const start = reader.skip(length);
  const topic = length === 0 ? '' : context.topics.decode(reader, start, start + length);
  const qos = ((first >> 1) & 3) as QualityOfService;
  const packetId = qos === 0 ? 0 : readPacketId(reader);
  const properties = context.version === 5 ? readProperties(reader, 'publish', context.from, context) : undefined;
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
