import type { SubscribePacket, SubscriptionRequest, UnsubscribePacket } from '../../packet.js';
import { isSharedFilter, topicFilterProblem } from '../../topic.js';
import { malformed, protocolError } from '../protocol-error.js';
import type { DecodeContext } from './decode-context.js';
import { readPacketId } from './decode-packet-id.js';
import { readProperties } from './property-reader.js';

/** SUBSCRIBE: at least one filter [MQTT-3.8.3-3; 5: MQTT-3.8.3-2]. */
export function decodeSubscribe(context: DecodeContext): SubscribePacket {
  const { reader } = context;
  const packetId = readPacketId(reader);
  const properties = context.version === 5 ? readProperties(reader, 'subscribe', context.from) : undefined;
  if (reader.left === 0) throw protocolError('subscribe without a filter [MQTT-3.8.3-3, 5: MQTT-3.8.3-2]');
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.left > 0) subscriptions.push(readSubscription(context));
  return properties === undefined
    ? { type: 'subscribe', packetId, subscriptions }
    : { type: 'subscribe', packetId, subscriptions, properties };
}

/** UNSUBSCRIBE: at least one filter [MQTT-3.10.3-2]. */
export function decodeUnsubscribe(context: DecodeContext): UnsubscribePacket {
  const { reader } = context;
  const packetId = readPacketId(reader);
  const properties = context.version === 5 ? readProperties(reader, 'unsubscribe', context.from) : undefined;
  if (reader.left === 0) throw protocolError('unsubscribe without a filter [MQTT-3.10.3-2]');
  const filters: string[] = [];
  while (reader.left > 0) filters.push(readFilter(context));
  return properties === undefined
    ? { type: 'unsubscribe', packetId, filters }
    : { type: 'unsubscribe', packetId, filters, properties };
}

function readFilter(context: DecodeContext): string {
  const filter = context.reader.string();
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) throw malformed(problem);
  return filter;
}

function readSubscription(context: DecodeContext): SubscriptionRequest {
  const filter = readFilter(context);
  const options = context.reader.u8();
  const reserved = context.version === 5 ? 0xc0 : 0xfc;
  if ((options & reserved) !== 0) throw malformed('reserved subscription options [MQTT-3.8.3-4, 5: MQTT-3.8.3-5]');
  const qos = upToTwo(options & 3, 'subscribe with QoS 3 [MQTT-3.8.3-4]');
  if (context.version < 5) return { filter, qos };
  const retainHandling = upToTwo((options >> 4) & 3, 'subscribe with retain handling 3');
  const noLocal = (options & 4) !== 0;
  if (noLocal && isSharedFilter(filter)) throw protocolError('no local on a shared subscription [MQTT-3.8.3-4]');
  return {
    filter,
    qos,
    noLocal,
    retainAsPublished: (options & 8) !== 0,
    retainHandling,
  };
}

/** Two bits that are not both set: in both fields 3 has no meaning. */
function upToTwo(bits: number, problem: string): 0 | 1 | 2 {
  if (bits === 0 || bits === 1 || bits === 2) return bits;
  throw protocolError(problem);
}
