import type { UserProperty } from '../../protocol/properties.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { Authentication } from '../authentication/authentication.js';

/** A list of pairs keeps order and repeated names; a record is the shape of MQTT.js. */
export type UserProperties = readonly UserProperty[] | Readonly<Record<string, string | readonly string[]>>;

/** Who we are at a connect. */
export interface Credentials {
  /** Absent: none is sent. */
  readonly username?: string | undefined;
  /** Text is sent as UTF-8, bytes as they are. Without a username on 5.0 only [MQTT-3.1.2-22]. */
  readonly password?: string | Uint8Array | undefined;
}

/** One broker of a failover list. */
export interface Server {
  /** A name, whose addresses are tried in turn, or an IP address (IPv6 without brackets). */
  readonly host: string;
  /** 1 to 65535; no default. */
  readonly port: number;
  /** Default: that of the broker URL. */
  readonly protocol?: 'mqtt' | 'mqtts' | 'ws' | 'wss' | undefined;
}

/** What the broker publishes for us when a connection ends without DISCONNECT. `connectOptionsFn` may give another at each connect. */
export interface WillOptions {
  /** A topic name, without wildcards. */
  readonly topic: string;
  /** Text is sent as UTF-8. At most 65535 bytes. Default: none. */
  readonly payload?: string | Uint8Array | undefined;
  /** At which the broker publishes it. Default 0. A broker that takes less refuses the CONNECT [MQTT-3.2.2-12]. */
  readonly qos?: QualityOfService | undefined;
  /** The broker keeps it for later subscribers. Default false. */
  readonly retain?: boolean | undefined;
  /** 5.0 only: with them no older version is fallen back to. */
  readonly properties?:
    | {
        /** Seconds for which the broker waits with it; a reconnect meanwhile cancels it [MQTT-3.1.3-9]. Default 0. */
        readonly willDelayInterval?: number | undefined;
        /** True: the payload is UTF-8 text. */
        readonly payloadFormatIndicator?: boolean | undefined;
        /** Seconds, 0 to 4294967295. Default: it does not expire. */
        readonly messageExpiryInterval?: number | undefined;
        /** A MIME type, say; at most 65535 bytes of UTF-8, as all its texts. */
        readonly contentType?: string | undefined;
        /** A topic name, without wildcards. */
        readonly responseTopic?: string | undefined;
        /** At most 65535 bytes. */
        readonly correlationData?: Uint8Array | undefined;
        readonly userProperties?: UserProperties | undefined;
      }
    | undefined;
}

/**
 * What a user may say about a connection, named as in MQTT.js where the concept is the same, `autoReconnect` and
 * `maxInflight` as in Paho. `undefined` means "not said". Units as in MQTT.js: `keepalive` and intervals of the protocol
 * in seconds, everything that ends in `Ms` or is named so below in milliseconds.
 */
export interface ConnectOptions {
  /**
   * Where the builder has one too it must be the same. At most 23 characters on 3.1. Default: a random one, for which no session can be
   * kept.
   */
  readonly clientId?: string | undefined;
  /** 5, 4 or 3; without it 5.0 is tried first, then 3.1.1, then 3.1 (R5b). */
  readonly protocolVersion?: 5 | 4 | 3 | undefined;
  /** Default true; `keepSession()` of the builders is `clean: false`. A session that is not kept still outlives a reconnect. */
  readonly clean?: boolean | undefined;
  /** Seconds, 0 to 65535. Default 60. 0: off. */
  readonly keepalive?: number | undefined;
  /** For all connects. What the broker URL or the builder's `auth` say must be the same. */
  readonly username?: string | undefined;
  /** As `username`; without one on 5.0 only [MQTT-3.1.2-22]. Events and errors never show it. */
  readonly password?: string | Uint8Array | undefined;
  /** Asked before each connect, with a signal that aborts after `connectTimeout`. Not together with `username` and `password`. */
  readonly credentials?: ((signal: AbortSignal) => Credentials | Promise<Credentials>) | undefined;
  /**
   * Enhanced authentication (MQTT 5.0, 4.12), in as many steps as its method has; `scramSha256` gives one. With it only 5.0 is spoken.
   * User name and password may be sent beside it, where the broker wants both.
   */
  readonly authentication?: Authentication | undefined;
  /** Milliseconds for TCP, TLS and WebSocket together. Default 30000. */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds from CONNECT to CONNACK, all steps of `authentication` included, and for authenticating anew. Default 30000. */
  readonly connackTimeout?: number | undefined;
  /** Milliseconds from PINGREQ to PINGRESP. Default 10000, at most half of keepalive. */
  readonly pingTimeout?: number | undefined;
  /** Milliseconds in which the socket takes nothing although bytes wait. Default 30000. */
  readonly writeTimeout?: number | undefined;
  /** Milliseconds without any acknowledgement while the broker owes one (R21). Default 60000. */
  readonly ackTimeout?: number | undefined;
  /**
   * Properties of one packet of the broker (5.0), 1 to 100000. Default 1000. A PUBLISH with more is a rejected input (R22), another packet
   * ends the connection.
   */
  readonly maxProperties?: number | undefined;
  /**
   * Reject messages whose topic has control characters (U+0001 to U+001F, U+007F to U+009F) or Unicode non-characters, which a receiver
   * may take or refuse (5: 1.5.4). Default false: they are taken.
   */
  readonly refuseControlCharacters?: boolean | undefined;
  /** Default true. */
  readonly autoReconnect?: boolean | undefined;
  /** First back-off step in milliseconds; doubles, with full jitter. Default 1000. */
  readonly reconnectPeriod?: number | undefined;
  /** Longest back-off in milliseconds. Default 30000. */
  readonly maxReconnectPeriod?: number | undefined;
  /**
   * Milliseconds for which a broker may refuse us (credentials, TLS, subscriptions, …) after it had accepted us with the same
   * settings, before that is fatal. Default: for ever, told on `millrace:refused-for-now`. 0: at once, as at the first connect.
   */
  readonly refusalTimeout?: number | undefined;
  /** Outgoing QoS 1 and 2 messages in flight, 1 to 59999. Default 1000 on 5.0, 20 on 3.x; the server's Receive Maximum may lower it. */
  readonly maxInflight?: number | undefined;
  /**
   * Most filters in one SUBSCRIBE or UNSUBSCRIBE, 1 to 1000; more go out in several at once, each within the server's Maximum Packet
   * Size. Default 8: the fewest that a known broker takes together (AWS IoT Core).
   */
  readonly subscribeBatchSize?: number | undefined;
  /** Failover list, tried in turn. Without it the broker URL alone; a broker URL given beside it must name one of them. */
  readonly servers?: readonly Server[] | undefined;
  /**
   * The `servers` are one cluster, in which a session goes on at any of them. Default false: each has its own, so that connecting
   * to another one than last time is a session loss (R5b).
   */
  readonly serversShareSessions?: boolean | undefined;
  /**
   * Whether a broker may send us to another server (5.0, 4.11: Use another server 0x9C, Server moved 0x9D), at most five times in a row,
   * never from TLS to plain text. Default false: its word is told as an error, and the same server is tried again. Each has its own
   * sessions unless `serversShareSessions` is set (R5b).
   */
  readonly followServerReference?: boolean | undefined;
  /** A sink with several clients gives it to each of them. Default: none. */
  readonly will?: WillOptions | undefined;
  /**
   * Of CONNECT (5.0), but for `maximumPacketSize`, which bounds what is read in any version; with the others `protocolVersion` 4 or 3 is
   * refused.
   */
  readonly properties?:
    | {
        /** Seconds. Default when the session is kept: 604800 (7 days), otherwise 300, which covers reconnects. */
        readonly sessionExpiryInterval?: number | undefined;
        /** Default 1000. */
        readonly receiveMaximum?: number | undefined;
        /**
         * Bytes of a packet of the broker, 128 to 268435460. Default: no limit. A 5.0 broker is told, and leaves out what is larger without
         * a word; below 5.0 five connections in a row that a larger packet ends are fatal (PACKET_TOO_LARGE).
         */
        readonly maximumPacketSize?: number | undefined;
        /** Topic aliases that the broker may use. Default 0: none, for there are brokers that mix them up. */
        readonly topicAliasMaximum?: number | undefined;
        /**
         * Default: not sent, which is false. A broker that answers unasked is told as `properties-unasked`, and ignored [MQTT-3.1.2-28].
         */
        readonly requestResponseInformation?: boolean | undefined;
        /**
         * False: the broker explains itself in CONNACK and DISCONNECT alone [MQTT-3.1.2-29], so that refusals have no reason string.
         * Default: not sent, which is true.
         */
        readonly requestProblemInformation?: boolean | undefined;
        /** May be others at each connect, by `connectOptionsFn`. */
        readonly userProperties?: UserProperties | undefined;
      }
    | undefined;
  // TLS, as in node:tls
  /** PEM of the authorities to trust, in place of those that Node does. Default: Node's. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** PEM of our certificate; `key` must be given with it. */
  readonly cert?: string | Uint8Array | undefined;
  /** PEM of our private key; `cert` must be given with it. */
  readonly key?: string | Uint8Array | undefined;
  /** Of `key`, where that is encrypted. */
  readonly passphrase?: string | undefined;
  /** What the certificate must name, and SNI asks for. Default: the host, unless that is an address [RFC 6066]. */
  readonly servername?: string | undefined;
  /** What is offered, best first: `mqtt`, or what a broker on port 443 wants. Default: none. */
  readonly ALPNProtocols?: readonly string[] | undefined;
  /** Default true. Turning it off is said in an event, never silently. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Default TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  // WebSocket
  /** Path of the WebSocket URL when the URL has none. Default '/mqtt'. */
  readonly path?: string | undefined;
  /**
   * Of the upgrade request, on `ws` and `wss` only: headers beside those it must have, and the subprotocol, by default `mqtt`
   * [MQTT-6.0.0-3].
   */
  readonly wsOptions?:
    | { readonly headers?: Readonly<Record<string, string>> | undefined; readonly protocol?: string | undefined }
    | undefined;
}
