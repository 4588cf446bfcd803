import type {
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
} from '../../packet.js';
import { checkTopicFilter, isSharedFilter } from '../../topic.js';
import { invalidMessage } from '../protocol-error.js';
import type { EncodeContext } from './encode-context.js';
import { checkReasonCode, writePacketId, writePropertiesOf } from './encode-fields.js';

/** SUBSCRIBE: at least one filter [MQTT-3.8.3-3; 5: MQTT-3.8.3-2]; options other than the QoS only in 5.0. */
export function encodeSubscribe(context: EncodeContext, packet: SubscribePacket): void {
  if (packet.subscriptions.length === 0) throw invalidMessage('SUBSCRIBE needs a filter [MQTT-3.8.3-3]');
  writePacketId(context.writer, packet.packetId);
  writePropertiesOf(context, 'subscribe', packet.properties);
  for (const subscription of packet.subscriptions) {
    writeFilter(context, subscription.filter);
    context.writer.u8(subscriptionOptions(context, subscription), 'options');
  }
}

/** UNSUBSCRIBE: at least one filter [MQTT-3.10.3-2]. */
export function encodeUnsubscribe(context: EncodeContext, packet: UnsubscribePacket): void {
  if (packet.filters.length === 0) throw invalidMessage('UNSUBSCRIBE needs a filter [MQTT-3.10.3-2]');
  writePacketId(context.writer, packet.packetId);
  writePropertiesOf(context, 'unsubscribe', packet.properties);
  for (const filter of packet.filters) writeFilter(context, filter);
}

/** SUBACK: at least one code [MQTT-3.9.3-2]; UNSUBACK: at least one in 5.0 [MQTT-3.11.3-2], none before. */
export function encodeSuback(context: EncodeContext, packet: SubackPacket | UnsubackPacket): void {
  const { type, reasonCodes } = packet;
  writePacketId(context.writer, packet.packetId);
  writePropertiesOf(context, type, packet.properties);
  if (type === 'unsuback' && context.version < 5) {
    if (reasonCodes.length > 0) throw invalidMessage('UNSUBACK has reason codes only in MQTT 5.0');
    return;
  }
  if (reasonCodes.length === 0) throw invalidMessage(`${type} needs a reason code for each filter`);
  for (const code of reasonCodes) {
    if (context.version === 5) checkReasonCode(context, type, code);
    else if (code > 2 && code !== 0x80) throw invalidMessage(`SUBACK has no code ${code} in MQTT 3 [MQTT-3.9.3-2]`);
    context.writer.u8(code, 'reasonCodes');
  }
}

function writeFilter(context: EncodeContext, filter: string): void {
  checkTopicFilter(filter);
  context.writer.string(filter, 'filter');
}

function subscriptionOptions(context: EncodeContext, request: SubscriptionRequest): number {
  const { qos, noLocal, retainAsPublished, retainHandling } = request;
  if (qos !== 0 && qos !== 1 && qos !== 2) throw invalidMessage(`There is no QoS ${String(qos)} [MQTT-3.8.3-4]`);
  const handling = retainHandling === undefined ? 0 : retainHandling;
  if (handling !== 0 && handling !== 1 && handling !== 2) {
    throw invalidMessage(`There is no retain handling ${String(handling)}`);
  }
  if (noLocal === true && isSharedFilter(request.filter)) {
    throw invalidMessage('A shared subscription must not have noLocal [MQTT-3.8.3-4]');
  }
  const options = (noLocal === true ? 4 : 0) | (retainAsPublished === true ? 8 : 0) | (handling << 4);
  if (options !== 0 && context.version < 5) throw invalidMessage('Subscription options need MQTT 5.0');
  return options | qos;
}
