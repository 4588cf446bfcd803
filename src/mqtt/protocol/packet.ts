import type { Properties } from './properties.js';
import type { ProtocolVersion } from './protocol-version.js';
import type { QualityOfService } from './quality-of-service.js';
import type { Rejection } from './rejection.js';

/*
 * One shape per packet for all protocol versions. `properties` is absent when there are none and always absent below 5.0;
 * reason codes below 5.0 are 0 where the old packet has no such field.
 */

export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QualityOfService;
  readonly retain: boolean;
  readonly properties?: Properties;
}

export interface ConnectPacket {
  readonly type: 'connect';
  readonly version: ProtocolVersion;
  readonly clientId: string;
  /** Clean Start in 5.0, Clean Session before. */
  readonly clean: boolean;
  /** Seconds; 0 turns the mechanism off. */
  readonly keepAlive: number;
  readonly username?: string;
  readonly password?: Uint8Array;
  readonly will?: Will;
  readonly properties?: Properties;
}

export interface ConnackPacket {
  readonly type: 'connack';
  readonly sessionPresent: boolean;
  /** A 5.0 reason code, or the return code 0 to 5 of 3.x. */
  readonly reasonCode: number;
  readonly properties?: Properties;
}

export interface PublishPacket {
  readonly type: 'publish';
  /** Empty only when a topic alias stands for it (5.0). */
  readonly topic: string;
  /** A view of the read buffer when decoded: copy it to keep it longer than the buffer. */
  readonly payload: Uint8Array;
  readonly qos: QualityOfService;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 at QoS 0, otherwise 1 to 65535. */
  readonly packetId: number;
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
  readonly packetId: number;
  readonly reasonCode: number;
  readonly properties?: Properties;
}

/** One filter of a SUBSCRIBE with its options; the last three are 5.0 only. */
export interface SubscriptionRequest {
  readonly filter: string;
  readonly qos: QualityOfService;
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: 0 | 1 | 2;
}

export interface SubscribePacket {
  readonly type: 'subscribe';
  readonly packetId: number;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties?: Properties;
}

export interface SubackPacket {
  readonly type: 'suback';
  readonly packetId: number;
  /** One for each filter, in order: the granted QoS, or 0x80 and above for a refusal. */
  readonly reasonCodes: readonly number[];
  readonly properties?: Properties;
}

export interface UnsubscribePacket {
  readonly type: 'unsubscribe';
  readonly packetId: number;
  readonly filters: readonly string[];
  readonly properties?: Properties;
}

export interface UnsubackPacket {
  readonly type: 'unsuback';
  readonly packetId: number;
  /** One for each filter, in order; empty below 5.0. */
  readonly reasonCodes: readonly number[];
  readonly properties?: Properties;
}

export interface PingreqPacket {
  readonly type: 'pingreq';
}

export interface PingrespPacket {
  readonly type: 'pingresp';
}

export interface DisconnectPacket {
  readonly type: 'disconnect';
  readonly reasonCode: number;
  readonly properties?: Properties;
}

export interface AuthPacket {
  readonly type: 'auth';
  readonly reasonCode: number;
  readonly properties?: Properties;
}

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

export type PacketType = Packet['type'];
