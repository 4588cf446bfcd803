import type { ServerLimits } from '../../src/mqtt/protocol/session/session-event.js';

/** Of a server whose CONNACK limits nothing, to a client that asked for a keep alive of 60 s. */
export const SERVER_LIMITS: ServerLimits = {
  receiveMaximum: 65_535,
  maximumQoS: 2,
  retainAvailable: true,
  maximumPacketSize: 268_435_460,
  topicAliasMaximum: 0,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifiersAvailable: true,
  sharedSubscriptionAvailable: true,
  keepAlive: 60,
  sessionExpiryInterval: 0,
};
