import type { MillraceError } from '../../../errors/millrace-error.js';
import type { ConnackPacket } from '../packet.js';
import type { Properties } from '../properties.js';
import type { ProtocolVersion } from '../protocol-version.js';
import type { QualityOfService } from '../quality-of-service.js';
import type { Rejection } from '../rejection.js';
import type { OutboundMessage } from './outbound-message.js';

/** What the server said it can do on this connection, with the defaults of the specification filled in. */
export interface ServerLimits {
  /** Most QoS 1 and 2 messages it takes at once. 5.0: 65535 when absent [MQTT-3.2.2.3.3]; 3.x has no signal: 65535 here. */
  readonly receiveMaximum: number;
  /** A message above it is refused before it is sent [MQTT-3.2.2-11]. */
  readonly maximumQoS: QualityOfService;
  /** False: so is a retained one [MQTT-3.2.2-14]. */
  readonly retainAvailable: boolean;
  /** Bytes; 268435460 when the server names none. */
  readonly maximumPacketSize: number;
  /** Told, not used: this session sends no aliases. */
  readonly topicAliasMaximum: number;
  /** False: `subscribe` refuses wildcards. */
  readonly wildcardSubscriptionAvailable: boolean;
  /** False: `subscribe` refuses identifiers. */
  readonly subscriptionIdentifiersAvailable: boolean;
  /** False: `subscribe` refuses shared filters. */
  readonly sharedSubscriptionAvailable: boolean;
  /** Seconds that bind on this connection: Server Keep Alive, else ours. */
  readonly keepAlive: number;
  /** Seconds the server keeps the session after a disconnect; undefined below 5.0. */
  readonly sessionExpiryInterval: number | undefined;
}

/** The CONNACK accepted the connection. */
export interface ConnectedEvent {
  readonly type: 'connected';
  /** That of the CONNECT which the server accepted. */
  readonly version: ProtocolVersion;
  /** What the server said. 3.1 cannot say, so there it is false, although a session that was kept goes on. */
  readonly sessionPresent: boolean;
  /** Ours, or the one that the server assigned. */
  readonly clientId: string;
  /** That of the session which the server has; above the current one while a loss is undecided. */
  readonly epoch: number;
  /** What the CONNACK says, completed. */
  readonly limits: ServerLimits;
  /** As it came. */
  readonly connack: ConnackPacket;
}

/**
 * The server has no session although this one holds state (R5). Nothing is delivered, re-sent or published until
 * `startEpoch(policy)` is called.
 */
export interface SessionLostEvent {
  readonly type: 'session-lost';
  /** Outbound messages sent in the old epoch and not complete: they may or may not have reached the server. */
  readonly inDoubt: readonly number[];
  /** The one that `startEpoch` begins. */
  readonly epoch: number;
  /** The server has the session as it was at an earlier time (R5c): a backup of it was restored, say. */
  readonly wentBack: boolean;
}

/**
 * The server has a session that may not be ours (`ConnectRequest.unproven`). Nothing is delivered, re-sent or published until
 * `prove(question)` or `trust()` is called.
 */
export interface SessionUnprovenEvent {
  readonly type: 'session-unproven';
}

/**
 * The answer to `prove`: the session had the marker, and none that was gone, or (`proven` false) the server would not say. `session-lost`
 * comes instead when it is not ours, or went back.
 */
export interface SessionProvenEvent {
  readonly type: 'session-proven';
  /** False: it goes on unverified (R5a). */
  readonly proven: boolean;
}

/** AUTH 0x18: the server asks; `authenticate` answers. It may come while messages flow, when we authenticate anew. */
export interface AuthChallengeEvent {
  readonly type: 'auth-challenge';
  /** Authentication Data, in bytes of its own; empty when there is none. */
  readonly data: Uint8Array;
}

/**
 * The server is content. `initial`: its CONNACK says so, and everything behind it, the `connected` event too, waits for `admit()`, so that
 * nothing is sent to a server that could not prove who it is. Otherwise AUTH 0x00 ended a re-authentication; nothing has to follow.
 */
export interface AuthSuccessEvent {
  readonly type: 'auth-success';
  /** As in `auth-challenge`. */
  readonly data: Uint8Array;
  /** It came with CONNACK: `admit()` is awaited. */
  readonly initial: boolean;
}

/**
 * A PUBLISH was received. `accept(token)` acknowledges it; at QoS 0 there is nothing to accept. One with a `rejection` is no message
 * for anybody, and is accepted like the others when it has been dealt with (R22).
 */
export interface MessageEvent {
  readonly type: 'message';
  /** Of a rejected one: empty where it cannot be read, else as it came, which may be no topic. */
  readonly topic: string;
  /** A view of the read buffer. */
  readonly payload: Uint8Array;
  /** At which it came, and by which it is answered. */
  readonly qos: QualityOfService;
  /** As in `PublishPacket`. */
  readonly retain: boolean;
  /** Tells nothing of whether its owner has it: the session has dropped the copies that it knows (R2a). */
  readonly dup: boolean;
  /** Without the topic alias; undefined when there are none. */
  readonly properties: Properties | undefined;
  /** Why it is no message for anybody. */
  readonly rejection: Rejection | undefined;
  /** The names of properties whose values mean nothing, and which are not in `properties`. */
  readonly leftOut: readonly string[] | undefined;
  /** Grows by one with each message event of this Session object, at every QoS. */
  readonly token: number;
  /** Set by an owner who has a wall clock: when a message that may expire came, in milliseconds since 1970. */
  receivedAtMs?: number;
}

/**
 * PUBREL arrived for an accepted QoS 2 message: `complete(token)` forgets its id and sends PUBCOMP (R3). Told again when PUBREL comes again
 * on another connection.
 */
export interface ReleaseEvent {
  readonly type: 'release';
  /** That of the `message` event. */
  readonly token: number;
}

/**
 * A PUBLISH came for a QoS 2 id in use, with DUP 0 or at QoS 1: the server lost the session (R5a); the token of the message that had
 * the id does nothing any more. Or one came with DUP 1 and the id of a finished message, and nothing shows that it is that message
 * again (R2b). It is delivered as new by the `message` event that follows.
 */
export interface SessionSuspectEvent {
  readonly type: 'session-suspect';
  /** The id that came twice. */
  readonly packetId: number;
}

/**
 * The server sent a QoS 2 message again that is finished (R2b): it is answered, and not delivered. `topic` is the resolved one.
 */
export interface MessageAgainEvent {
  readonly type: 'message-again';
  /** Under which it came. */
  readonly packetId: number;
  /** With its alias resolved. */
  readonly topic: string;
}

/** What is told of an outbound QoS 1 or 2 message. */
export interface OutboundEvent {
  /** Under which it was published. */
  readonly seq: number;
  /** The object that `publish` took or that was given at birth, so that its owner needs no table of its own. */
  readonly message: OutboundMessage;
}

/** PUBREC below 0x80: `release(seq)` sends PUBREL (R9). Also told on resume for a row that was `received` at birth. */
export interface ReceivedEvent extends OutboundEvent {
  readonly type: 'received';
  /** Of the PUBREC; 0 on resume. */
  readonly reasonCode: number;
}

/** PUBACK or PUBCOMP: the outbound message is done. */
export interface DeliveredEvent extends OutboundEvent {
  readonly type: 'delivered';
  /** Below 0x80, or 0x92 of a PUBCOMP. 0x10: nobody has subscribed. */
  readonly reasonCode: number;
  /**
   * The server does not know the id of a message whose PUBREL an earlier connection was owed (0x92), and nobody has proven that its
   * session is ours: the message may have arrived, or be lost with the session (R5a).
   */
  readonly unverified?: true;
  /** The server answered a QoS 2 PUBLISH by PUBACK: it has taken the message at QoS 1, and has no QoS 2. */
  readonly downgraded?: true;
}

/**
 * Done without success: PUBACK or PUBREC of 0x80 and above [MQTT-4.4.0-2], or a message that the server of a new connection
 * cannot take (0x95, 0x9A, 0x9B, else 0x80), which is refused in its place.
 */
export interface RefusedEvent extends OutboundEvent {
  readonly type: 'refused';
  /** 0x80 and above. */
  readonly reasonCode: number;
  /** Of the server, or of the error that is told in its place. */
  readonly reasonString: string | undefined;
}

/**
 * Before `refused`, which follows: the id of this QoS 2 message, which the server may hold half-done, is used again, for as many are burnt
 * as can be (R20a).
 */
export interface IdsSpentEvent extends OutboundEvent {
  readonly type: 'ids-spent';
  /** Under which it was sent. */
  readonly packetId: number;
}

/** At a pace of one (`Session.pace`): the server has shown that it lives, so that the next message may go out. */
export interface CreditEvent {
  readonly type: 'credit';
}

/** SUBACK or UNSUBACK, with a code for each filter in order (UNSUBACK below 5.0: 0 for each). */
export interface SubscriptionAnswerEvent {
  readonly type: 'subscribed' | 'unsubscribed';
  /** As `subscribe` or `unsubscribe` returned it. */
  readonly packetId: number;
  /** SUBACK: the granted QoS, or 0x80 and above. */
  readonly reasonCodes: readonly number[];
  /** The words of the server, if it has any. */
  readonly reasonString: string | undefined;
}

/** The connection is over: write what `takeOutput` still gives, close the transport, then call `connectionLost`. */
export interface CloseEvent {
  readonly type: 'close';
  /** Why; its code says whose fault it is and whether another attempt makes sense. */
  readonly error: MillraceError;
  /** The server ended it in order and had no word for why: by a DISCONNECT below 5.0. It means what closing the transport would. */
  readonly inOrder: boolean;
}

/** All that a session tells, in the order in which it happened. */
export type SessionEvent =
  | ConnectedEvent
  | SessionLostEvent
  | SessionUnprovenEvent
  | SessionProvenEvent
  | AuthChallengeEvent
  | AuthSuccessEvent
  | MessageEvent
  | ReleaseEvent
  | SessionSuspectEvent
  | MessageAgainEvent
  | ReceivedEvent
  | DeliveredEvent
  | RefusedEvent
  | IdsSpentEvent
  | CreditEvent
  | SubscriptionAnswerEvent
  | CloseEvent;
