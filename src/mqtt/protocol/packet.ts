import type { Properties } from './properties.js';
import type { ProtocolVersion } from './protocol-version.js';
import type { QualityOfService } from './quality-of-service.js';
import type { Rejection } from './rejection.js';

/*
 * One shape per packet for all protocol versions. `properties` is absent when there are none and always absent below 5.0;
 * reason codes below 5.0 are 0 where the old packet has no such field.
 */

/** What the server publishes for a client whose connection ends without DISCONNECT. */
export interface Will {
  /** A topic name, without wildcards. */
  readonly topic: string;
  /** At most 65535 bytes. */
  readonly payload: Uint8Array;
  /** At which the server publishes it. */
  readonly qos: QualityOfService;
  /** Whether the server keeps it for later subscribers. */
  readonly retain: boolean;
  /** Those of a will: Will Delay Interval, and those of a message. */
  readonly properties?: Properties;
}

/** The first packet of a client. */
export interface ConnectPacket {
  readonly type: 'connect';
  /** The protocol level: what the rest of the connection is read and written by. */
  readonly version: ProtocolVersion;
  /** Names the session. Empty: the server assigns one, where it does. */
  readonly clientId: string;
  /** Clean Start in 5.0, Clean Session before. */
  readonly clean: boolean;
  /** Seconds; 0 turns the mechanism off. */
  readonly keepAlive: number;
  /** Absent: none is sent. */
  readonly username?: string;
  /** Below 5.0 only with a username. */
  readonly password?: Uint8Array;
  /** Absent: the server publishes nothing when the connection ends. */
  readonly will?: Will;
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** The answer to CONNECT. */
export interface ConnackPacket {
  readonly type: 'connack';
  /** The server goes on with a session. 3.1 has no such flag: false there. */
  readonly sessionPresent: boolean;
  /** A 5.0 reason code, or the return code 0 to 5 of 3.x. */
  readonly reasonCode: number;
  /** The abilities of the server (5.0). Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** A message on its way between two ends. */
export interface PublishPacket {
  readonly type: 'publish';
  /** Empty only when a topic alias stands for it (5.0). */
  readonly topic: string;
  /** A view of the read buffer when decoded: copy it to keep it longer than the buffer. */
  readonly payload: Uint8Array;
  /** 0: nothing answers it. 1: PUBACK. 2: PUBREC, PUBREL and PUBCOMP. */
  readonly qos: QualityOfService;
  /**
   * To a server: keep it. From a server: it was kept before the subscription, or the subscription asks to be told (Retain As Published).
   */
  readonly retain: boolean;
  /** It may have been sent before, under the same id; never at QoS 0. */
  readonly dup: boolean;
  /** 0 at QoS 0, otherwise 1 to 65535. */
  readonly packetId: number;
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
  /**
   * Only from a tolerant decoder: it must not be delivered (R22). `topic` is empty where it cannot be read, `properties` are absent
   * where one of them cannot; both may be what the specification forbids.
   */
  readonly rejection?: Rejection;
  /** Only from a tolerant decoder: the names of properties whose values mean nothing. They are not in `properties`. */
  readonly leftOut?: readonly string[];
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP share one shape. */
export interface AckPacket {
  readonly type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';
  /** Of the PUBLISH that it is about. */
  readonly packetId: number;
  /** Below 0x80 it says success. Always 0 below 5.0. */
  readonly reasonCode: number;
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** One filter of a SUBSCRIBE with its options; the last three are 5.0 only. */
export interface SubscriptionRequest {
  /** May have wildcards, and be shared. */
  readonly filter: string;
  /** The most at which the server is to send its messages. */
  readonly qos: QualityOfService;
  /** Not what this client has published itself. Default false. */
  readonly noLocal?: boolean;
  /** The flag as the publisher had it, and not cleared. Default false. */
  readonly retainAsPublished?: boolean;
  /** Retained messages at subscribing: 0 always (the default), 1 only where the subscription is new, 2 never. */
  readonly retainHandling?: 0 | 1 | 2;
}

/** Asks for the messages of some topics. */
export interface SubscribePacket {
  readonly type: 'subscribe';
  /** 1 to 65535; SUBACK has the same. */
  readonly packetId: number;
  /** At least one. */
  readonly subscriptions: readonly SubscriptionRequest[];
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** The answer to SUBSCRIBE. */
export interface SubackPacket {
  readonly type: 'suback';
  /** That of the SUBSCRIBE. */
  readonly packetId: number;
  /** One for each filter, in order: the granted QoS, or 0x80 and above for a refusal. */
  readonly reasonCodes: readonly number[];
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** Gives subscriptions up. */
export interface UnsubscribePacket {
  readonly type: 'unsubscribe';
  /** 1 to 65535; UNSUBACK has the same. */
  readonly packetId: number;
  /** At least one, as they were subscribed to. */
  readonly filters: readonly string[];
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** The answer to UNSUBSCRIBE. */
export interface UnsubackPacket {
  readonly type: 'unsuback';
  /** That of the UNSUBSCRIBE. */
  readonly packetId: number;
  /** One for each filter, in order; empty below 5.0. */
  readonly reasonCodes: readonly number[];
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** Asks whether the server lives. */
export interface PingreqPacket {
  readonly type: 'pingreq';
}

/** The answer to PINGREQ. */
export interface PingrespPacket {
  readonly type: 'pingresp';
}

/** The last packet of either end; below 5.0 of the client alone. */
export interface DisconnectPacket {
  readonly type: 'disconnect';
  /** 0 for an orderly end, with which a will is dropped. */
  readonly reasonCode: number;
  /** Absent when there are none, and below 5.0. */
  readonly properties?: Properties;
}

/** A step of an enhanced authentication (5.0). */
export interface AuthPacket {
  readonly type: 'auth';
  /** 0x00 success, 0x18 continue, 0x19 authenticate anew. */
  readonly reasonCode: number;
  /** The method and its data. */
  readonly properties?: Properties;
}

/** Any packet, told apart by `type`. */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AckPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;

/** The names of the packets, in lower case. */
export type PacketType = Packet['type'];
