import { MillraceError } from '../../errors/index.js';
import { invalidMessage } from '../codec/refusal.js';
import type { PublishPacket } from '../packet.js';
import type { ProtocolVersion } from '../protocol-version.js';
import { fits } from './packet-size.js';
import type { ServerLimits } from './session-event.js';

/**
 * Why the server of this connection cannot take the message, or undefined. The error's reason code is the one that the
 * server would have sent: 0x95, 0x9A or 0x9B.
 */
export function limitProblem(
  packet: PublishPacket,
  version: ProtocolVersion,
  limits: ServerLimits,
): MillraceError | undefined {
  if (packet.qos > limits.maximumQoS) {
    return beyond(0x9b, `QoS ${packet.qos} is above the broker's maximum of ${limits.maximumQoS} [MQTT-3.2.2-11]`);
  }
  if (packet.retain && !limits.retainAvailable) {
    return beyond(0x9a, 'The broker takes no retained messages [MQTT-3.2.2-14]');
  }
  if (!fits(packet, version, limits.maximumPacketSize)) {
    return tooLarge(packet, limits.maximumPacketSize);
  }
  return undefined;
}

/** Throws INVALID_MESSAGE for properties that a client's PUBLISH cannot have: identifiers [MQTT-3.3.4-6] and aliases, which this session does not send. */
export function checkProperties({ properties }: PublishPacket): void {
  if (properties === undefined) return;
  if (properties.subscriptionIdentifiers !== undefined) {
    throw invalidMessage('A client sends no subscription identifiers in a PUBLISH [MQTT-3.3.4-6]');
  }
  if (properties.topicAlias !== undefined) throw invalidMessage('Topic aliases are not sent: leave topicAlias out');
}

function tooLarge({ topic, payload }: PublishPacket, maximum: number): MillraceError {
  return new MillraceError('MESSAGE_TOO_LARGE', `A message of ${payload.length} bytes is above the broker's maximum`, {
    reasonCode: 0x95,
    details: { topic, payloadBytes: payload.length, maximumPacketSize: maximum },
    advice: 'Send smaller messages, or raise the maximum packet size of the broker.',
  });
}

function beyond(reasonCode: number, message: string): MillraceError {
  return new MillraceError('INVALID_MESSAGE', message, {
    reasonCode,
    advice: 'Send the message without it, or use a broker that can do it.',
  });
}
