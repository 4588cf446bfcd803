import type { ConnectOptions } from '../connection/connect-options.js';
import type { OnError } from '../connector/on-error.js';
import type { QualityOfService } from '../protocol/quality-of-service.js';
import type { OfflineOverflow } from './lane-limits.js';
import type { RetryStrategy } from './retry-strategy.js';
import type { MessageFn } from './sink-message.js';

/** All that an MQTT sink may be told, by the steps of the builder or in one object: each name is the name of a step. */
export interface MqttSinkOptions<T> {
  /** URL of the broker. Default `tcp://localhost:1883`. */
  readonly broker?: string | undefined;
  /**
   * The index of the client is appended, as in Jet: `producer` gives `producer-0`, `producer-1`, …; a function gives the
   * whole id of the client with that index. Without one every opening of the sink gets random ids (`millrace…`).
   */
  readonly clientId?: string | ((index: number) => string) | undefined;
  readonly auth?: { readonly username: string; readonly password: string | Uint8Array } | undefined;
  /** Where messages go that name no topic themselves. Needed unless there is a `messageFn` that names one. */
  readonly topic?: string | undefined;
  /** Of messages that name none themselves. Default 1. */
  readonly qualityOfService?: QualityOfService | undefined;
  /** Of messages that do not say it themselves. Default false. */
  readonly retain?: boolean | undefined;
  /** Makes the message of an item. Default: bytes as they are, otherwise `String(item)`. */
  readonly messageFn?: MessageFn<T> | undefined;
  /** Connect again when the connection is lost. Default true. Without it the `retryStrategy` decides. */
  readonly autoReconnect?: boolean | undefined;
  /**
   * The broker keeps the session when the sink is closed, for the session expiry interval. Default false: it ends then.
   * Either way a sink without a store starts its session clean in each process (R8b) and keeps it over reconnects. Needs a
   * `clientId`.
   */
  readonly keepSession?: boolean | undefined;
  /** For messages that the broker refuses for now and, without `autoReconnect`, for the connection. Default `RetryStrategies.never()`. */
  readonly retryStrategy?: RetryStrategy | undefined;
  /**
   * Everything else about the connection. Called once by `build()`, so that its problems are reported there, and again at each
   * opening, so that a token may be fresh; the session that it names (client id, clean, version, brokers) must stay the same.
   */
  readonly connectOptionsFn?: (() => ConnectOptions) | undefined;
  /** How many clients publish, 1 to 256; a topic always has the same one, so that its order holds. Default 1. */
  readonly parallelism?: number | undefined;
  /** An exception in `messageFn`, an impossible message, a refusal by the broker that retries do not help. Default `fail`. */
  readonly onError?: OnError | undefined;
  /**
   * Messages that wait above the window, for each client. Default 10000 with the guarantee `none`; otherwise 256, since the
   * source keeps the rest, and what waits here is received again when the source's connection is cut.
   */
  readonly maxBufferedMessages?: number | undefined;
  /** Bytes of messages that wait or are in flight, for each client; one message may overshoot it. Default 16777216 (16 MiB). */
  readonly maxBufferedBytes?: number | undefined;
  /** While the sink is offline and its buffer full. Default `pause`. Drops are counted, and refused under at-least-once. */
  readonly offlineOverflow?: OfflineOverflow | undefined;
}
