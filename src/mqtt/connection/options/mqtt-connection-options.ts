import type { Metrics } from '../../../metrics/metrics.js';
import type { Will } from '../../protocol/packet.js';
import type { UserProperty } from '../../protocol/properties.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { Authentication } from '../authentication/authentication.js';
import type { SessionPast } from '../identity/session-past.js';
import type { WantedSubscription } from '../subscriptions/wanted-subscription.js';
import type { Credentials } from './connect-options.js';
import type { OnSessionLoss } from './on-session-loss.js';

/** Where to connect. */
export interface ServerAddress {
  /** `mqtts` and `wss` are over TLS. */
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  /** Always said: the default of the protocol is applied. */
  readonly port: number;
  /** WebSocket path. */
  readonly path: string;
}

/** As in node:tls; undefined where the user said nothing. */
export interface TlsSettings {
  /** In place of the authorities that Node trusts. */
  readonly ca: readonly (string | Uint8Array)[] | undefined;
  /** PEM, of the client; with `key`. */
  readonly cert: string | Uint8Array | undefined;
  /** PEM. A secret. */
  readonly key: string | Uint8Array | undefined;
  /** Of an encrypted key. A secret. */
  readonly passphrase: string | undefined;
  /** undefined: the host, unless that is an address [RFC 6066]. */
  readonly servername: string | undefined;
  /** Best first; undefined: none are offered. */
  readonly alpnProtocols: readonly string[] | undefined;
  /** False is told at each connect (`insecure-tls`). */
  readonly rejectUnauthorized: boolean;
  /** Always said, so that a default of Node's does not matter. */
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** How a WebSocket is asked for. */
export interface WebSocketSettings {
  /** Of the upgrade request, besides those that it must have. */
  readonly headers: Readonly<Record<string, string>>;
  /** The subprotocol to offer. `mqtt` by the specification. */
  readonly protocol: string;
}

/** The user's connect options, resolved once: every default applied, every bound checked. */
export interface MqttConnectionOptions {
  /** For events, metrics and errors, e.g. `source consumer`. */
  readonly name: string;
  /** Empty: the server assigns one. */
  readonly clientId: string;
  /** At least one; tried in turn. */
  readonly servers: readonly [ServerAddress, ...ServerAddress[]];
  /** The servers are one cluster: a session goes on at any of them (R5b). */
  readonly serversShareSessions: boolean;
  /** Servers that a server names are asked in its place (0x9C, 0x9D). */
  readonly followServerReference: boolean;
  /** undefined: 5.0, then 3.1.1, then 3.1 (R5b). */
  readonly version: ProtocolVersion | undefined;
  /**
   * True: what an earlier process left at the broker is thrown away first (sinks by R8b; sources that keep no session), by a clean
   * connection of its own. The session that is used never begins clean, so that work in flight survives a cut.
   */
  readonly startClean: boolean;
  /** Whether the session is to outlive the process. When false, the session expiry covers reconnects only. */
  readonly keepSession: boolean;
  /** Seconds (5.0). */
  readonly sessionExpiryInterval: number;
  /** Seconds; 0 turns it off. */
  readonly keepAlive: number;
  /** What our CONNECT allows the server, as do the next two: messages above QoS 0 that are not answered. */
  readonly receiveMaximum: number;
  /** Bytes of one packet. */
  readonly maximumPacketSize: number;
  /** Aliases in use at a time; 0: none. */
  readonly topicAliasMaximum: number;
  /** Most properties in a packet of the server. */
  readonly maxProperties: number;
  /** A topic with control characters is no topic. */
  readonly refuseControlCharacters: boolean;
  /** undefined: 1000 on 5.0, 20 below. */
  readonly maxInflight: number | undefined;
  /** Most filters in one SUBSCRIBE or UNSUBSCRIBE. */
  readonly subscribeBatchSize: number;
  /** Asked before each connection. */
  readonly credentials: (signal: AbortSignal) => Credentials | Promise<Credentials>;
  /** The credentials or the authentication come from a provider of the user, so that a refusal at a reconnect may pass. */
  readonly dynamicCredentials: boolean;
  /** What the provider cannot change; undefined with one. */
  readonly fixedCredentials: Credentials | undefined;
  /** Enhanced authentication; `version` is 5 then. */
  readonly authentication: Authentication | undefined;
  /** Published by the server when a connection of ours is cut. */
  readonly will: Will | undefined;
  /** This and the next two are properties of the CONNECT (5.0). */
  readonly requestResponseInformation: boolean | undefined;
  /** undefined: not said, which means true. */
  readonly requestProblemInformation: boolean | undefined;
  /** undefined: none. */
  readonly userProperties: readonly UserProperty[] | undefined;
  /** For servers of `mqtts` and `wss`. */
  readonly tls: TlsSettings;
  /** For servers of `ws` and `wss`. */
  readonly webSocket: WebSocketSettings;
  /** False: the owner calls `reconnect`. */
  readonly autoReconnect: boolean;
  /** The first wait between two attempts, in milliseconds. */
  readonly reconnectPeriodMs: number;
  /** The longest wait, in milliseconds. */
  readonly maxReconnectPeriodMs: number;
  /** How long a refusal after an accepted connect is an outage (R24). Infinity: for ever. */
  readonly refusalTimeoutMs: number;
  /** For each step that leads to a transport. */
  readonly connectTimeoutMs: number;
  /** From CONNECT to CONNACK. */
  readonly connackTimeoutMs: number;
  /** From PINGREQ to PINGRESP. */
  readonly pingrespTimeoutMs: number;
  /** As in `LinkParts`. */
  readonly writeTimeoutMs: number;
  /** For SUBACK and UNSUBACK; and as in `SessionOptions` (R21). */
  readonly ackTimeoutMs: number;
  /** What the session is to have, and nothing else. */
  readonly subscriptions: readonly WantedSubscription[];
  /**
   * How many filters the owner subscribes to by itself, when all of `subscriptions` is granted: messages are expected then, too (R22), and
   * whether all is granted is for the owner to know (R24), who says by `awaitsGrant` of its listener when a SUBACK is due. Default 0.
   */
  readonly ownFilters?: number | undefined;
  /** What it may have besides, of an earlier program, and is to have no more; nobody else knows of it without a store. */
  readonly formerFilters: readonly string[];
  /** A granted QoS below what was asked for: refuse (the guarantee needs it) or only say so. */
  readonly refuseLowerQos: boolean;
  /** The same for QoS 0 alone, at which nothing is acknowledged. Default: say so. */
  readonly refuseQos0?: true | undefined;
  /** A sink without a store redelivers, whatever the guarantee: what it holds it can still send. */
  readonly onSessionLoss: OnSessionLoss;
  /** The guarantee needs QoS 2: a broker whose Maximum QoS is lower is refused with GUARANTEE_UNSUPPORTED. */
  readonly requireQos2: boolean;
  /** The guarantee needs a session that outlives a cut: a broker that ends it with the connection is refused with GUARANTEE_UNSUPPORTED. */
  readonly requireKeptSession: boolean;
  /** What a store has of the session, which must be one that is kept; undefined without a store: see `makeIdentity`. */
  readonly past: SessionPast | undefined;
  /** The connection's own are in it: see `connectionMetrics`. */
  readonly metrics: Metrics;
  /** Of all metrics of the connection. */
  readonly labels: Readonly<Record<string, string>>;
  /** Asks the user's function for the next connect. @throws MillraceError USER_FUNCTION_FAILED, INVALID_OPTIONS */
  readonly renew?: (() => FreshOptions) | undefined;
}

/** The part of the options that may be another one at each connect: who we are, and the way to the broker. */
export type FreshOptions = Pick<
  MqttConnectionOptions,
  | 'credentials'
  | 'dynamicCredentials'
  | 'fixedCredentials'
  | 'authentication'
  | 'tls'
  | 'webSocket'
  | 'will'
  | 'userProperties'
  | 'servers'
>;
