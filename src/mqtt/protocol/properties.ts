/** One MQTT 5 user property. Names may repeat and order is kept. */
export type UserProperty = readonly [name: string, value: string];

/**
 * Every property of MQTT 5.0 [MQTT-2.2.2], named as in MQTT.js. Which packet may carry which is checked by the codec in
 * both directions. Times are in seconds, sizes in bytes, as the specification has them.
 */
export interface Properties {
  /** 1: the payload is UTF-8 text. */
  payloadFormatIndicator?: 0 | 1;
  /** How long the message is worth delivering; what a server forwards is what is left of it. */
  messageExpiryInterval?: number;
  /** What the payload is, in the words of its users: a MIME type, say. */
  contentType?: string;
  /** Where an answer is to be published. */
  responseTopic?: string;
  /** What an answer repeats, so that its request is found. */
  correlationData?: Uint8Array;
  /** A received PUBLISH may carry several, one for each matching subscription. A SUBSCRIBE carries at most one. */
  subscriptionIdentifiers?: readonly number[];
  /** How long the session outlives its connection; 0xFFFFFFFF for ever. */
  sessionExpiryInterval?: number;
  /** The id that the server gave to a client without one. */
  assignedClientIdentifier?: string;
  /** Binds in place of the keep-alive of CONNECT. */
  serverKeepAlive?: number;
  /** The name of the exchange, the same in all its packets. */
  authenticationMethod?: string;
  /** What the method says. */
  authenticationData?: Uint8Array;
  /** False: the server is to explain itself in CONNACK and DISCONNECT alone. */
  requestProblemInformation?: boolean;
  /** How long the server waits with the will. */
  willDelayInterval?: number;
  /** True: the server is asked for `responseInformation`. */
  requestResponseInformation?: boolean;
  /** From which response topics may be made. */
  responseInformation?: string;
  /** Another server to use. */
  serverReference?: string;
  /** For people: why, in words. */
  reasonString?: string;
  /** How many QoS 1 and 2 messages the sender of this takes unacknowledged. */
  receiveMaximum?: number;
  /** The highest alias that the sender of this takes; 0 for none. */
  topicAliasMaximum?: number;
  /** Stands for the topic on this connection. */
  topicAlias?: number;
  /** The most that the server takes; absent: 2. */
  maximumQoS?: 0 | 1;
  /** False: the server takes no retained messages. */
  retainAvailable?: boolean;
  /** Pairs that mean something to their users alone. */
  userProperties?: readonly UserProperty[];
  /** The largest packet that the sender of this takes. */
  maximumPacketSize?: number;
  /** False: no wildcards in filters. */
  wildcardSubscriptionAvailable?: boolean;
  /** False: no `subscriptionIdentifiers`. */
  subscriptionIdentifiersAvailable?: boolean;
  /** False: no `$share/` filters. */
  sharedSubscriptionAvailable?: boolean;
}
