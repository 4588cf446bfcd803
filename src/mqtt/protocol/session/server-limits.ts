import type { ConnackPacket } from '../packet.js';
import type { ServerLimits } from './session-event.js';
import type { ConnectRequest } from './session-options.js';

/** The largest packet there can be: a byte, four of remaining length, and as much as these can say. */
export const LARGEST_PACKET = 268_435_460;

/** What the CONNACK says, completed with the defaults of the specification. */
export function serverLimits({ properties = {} }: ConnackPacket, request: ConnectRequest): ServerLimits {
  const expiry = properties.sessionExpiryInterval ?? request.sessionExpiryInterval;
  return {
    receiveMaximum: properties.receiveMaximum ?? 65_535,
    maximumQoS: properties.maximumQoS ?? 2,
    retainAvailable: properties.retainAvailable ?? true,
    maximumPacketSize: properties.maximumPacketSize ?? LARGEST_PACKET,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
    wildcardSubscriptionAvailable: properties.wildcardSubscriptionAvailable ?? true,
    subscriptionIdentifiersAvailable: properties.subscriptionIdentifiersAvailable ?? true,
    sharedSubscriptionAvailable: properties.sharedSubscriptionAvailable ?? true,
    keepAlive: properties.serverKeepAlive ?? request.keepAlive,
    sessionExpiryInterval: request.version === 5 ? expiry : undefined,
  };
}
