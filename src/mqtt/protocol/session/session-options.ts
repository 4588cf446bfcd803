import type { Tolerance } from '../codec/tolerance.js';
import type { Will } from '../packet.js';
import type { UserProperty } from '../properties.js';
import type { ProtocolVersion } from '../protocol-version.js';
import type { SessionState } from './session-state.js';

/** All that a Session must know for its whole life. Resolved: no defaults are applied inside. */
export interface SessionOptions {
  /** Names the session at the server. Empty: the server assigns one, which stays. */
  readonly clientId: string;
  /** The user's limit for outgoing QoS 1 and 2 messages in flight, 1 to 60000 − 1; the server's Receive Maximum may lower it. */
  readonly maxInflight: number;
  /** Bytes; a packet above it is refused at its fixed header. */
  readonly maximumPacketSize: number;
  /** How many QoS 1 and 2 messages the server may send unacknowledged (5.0). */
  readonly receiveMaximum: number;
  /** Topic aliases that the server may use (5.0). 0: none. */
  readonly topicAliasMaximum: number;
  /** Milliseconds from CONNECT to CONNACK, all steps of an authentication included; and of a later one. */
  readonly connackTimeoutMs: number;
  /** Milliseconds from PINGREQ to PINGRESP. */
  readonly pingrespTimeoutMs: number;
  /** Milliseconds without any acknowledgement while the broker owes one (R21). */
  readonly ackTimeoutMs: number;
  /** How many properties a packet of the server may have. Default: any number. */
  readonly maxProperties?: number;
  /**
   * Bears with a PUBLISH that the specification forbids as long as it can be delimited (R22): a `message` event with its `rejection`,
   * which `accept` answers. Default: it ends the connection, as everything does that is no packet of a server.
   */
  readonly tolerance?: Tolerance;
  /**
   * The ids of QoS 2 messages are stored: a rejected one is answered as if it were good, because a negative PUBREC ends its flow
   * without R3, and its id would stay taken (R22). Default false.
   */
  readonly storesIds?: boolean;
  /**
   * A fresh session waits for `startEpoch` also when nothing is held: for owners who write the new epoch down first (R5). Default false.
   */
  readonly settlesEmpty?: boolean;
  /**
   * For a connection that is held only to see whether it lives (R19a): what the server sends of a session's messages is neither told nor
   * answered, so that it comes again on the next connection. Default false.
   */
  readonly onlyWatches?: boolean;
  /** The past, as an earlier `state()` gave it. */
  readonly state?: SessionState;
}

/** How an authentication begins. */
export interface AuthenticationStart {
  /** As the server knows it. */
  readonly method: string;
  /** What the method says first, if it does. */
  readonly data?: Uint8Array | undefined;
}

/** What may differ from one CONNECT to the next. */
export interface ConnectRequest {
  /** The protocol level of this connection. */
  readonly version: ProtocolVersion;
  /** The server is to begin a fresh session: what it had is gone with the CONNECT (R5). */
  readonly clean: boolean;
  /**
   * The server is another one than last time and shares no sessions with it: what it may have is not the session whose state we hold (R5b).
   */
  readonly elsewhere?: boolean;
  /** A session that the server says is present may not be the one whose state we hold (R5a): the owner proves or trusts it first. */
  readonly unproven?: boolean;
  /** Seconds; 0 turns keep-alive off. */
  readonly keepAlive: number;
  /** Seconds (5.0); 0 ends the session with the connection, 0xFFFFFFFF never. */
  readonly sessionExpiryInterval: number;
  /** Absent: none is sent. */
  readonly username?: string;
  /** Below 5.0 only with a username. */
  readonly password?: Uint8Array;
  /** Enhanced authentication (5.0, 4.12): begins with CONNECT and goes on by `auth-challenge` and `auth-success` events. */
  readonly authentication?: AuthenticationStart;
  /** Absent: none. */
  readonly will?: Will;
  /** 5.0; see `Properties`. Absent: the server decides. */
  readonly requestResponseInformation?: boolean;
  /** 5.0; false makes an explanation where none may be an error of the server [MQTT-3.1.2-29]. */
  readonly requestProblemInformation?: boolean;
  /** Of CONNECT (5.0). */
  readonly userProperties?: readonly UserProperty[];
  /** Lowers the session's `maxInflight` on this connection, because below 5.0 a server cannot say how much it takes. */
  readonly maxInflight?: number;
}
