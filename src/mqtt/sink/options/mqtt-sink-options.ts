import type { RetryStrategy } from '../../../connector/retry/retry-strategy.js';
import type { OnError } from '../../../connector/sink.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { OnSessionLoss } from '../../connection/options/on-session-loss.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { MessageFn } from '../message/sink-message.js';
import type { OfflineOverflow } from './queue-limits.js';

/** All that an MQTT sink may be told, by the steps of the builder or in one object: each name is the name of a step. */
export interface MqttSinkOptions<T> {
  /** URL of the broker. Default `tcp://localhost:1883`. */
  readonly broker?: string | undefined;
  /**
   * The index of the client is appended, as in Jet: `producer` gives `producer-0`, `producer-1`, …; a function gives the
   * whole id of the client with that index. Without one every opening of the sink gets random ids (`millrace…`).
   */
  readonly clientId?: string | ((index: number) => string) | undefined;
  /** Of the CONNECT. What the URL of the broker or `connectOptionsFn` say of it must be the same. */
  readonly auth?: { readonly username: string; readonly password: string | Uint8Array } | undefined;
  /** Where messages go that name no topic themselves. Needed unless there is a `messageFn` that names one. */
  readonly topic?: string | undefined;
  /** Of messages that name none themselves. Default 2 in an exactly-once job, else 1. */
  readonly qualityOfService?: QualityOfService | undefined;
  /** Of messages that do not say it themselves. Default false. */
  readonly retain?: boolean | undefined;
  /**
   * Makes the message of an item. Default: bytes as they are, a string, number, boolean or bigint as text, plain objects and arrays as
   * JSON; all else is rejected with INVALID_MESSAGE.
   */
  readonly messageFn?: MessageFn<T> | undefined;
  /** Connect again when the connection is lost. Default true. Without it the `retryStrategy` decides. */
  readonly autoReconnect?: boolean | undefined;
  /**
   * An exactly-once job takes messages below QoS 2, too: they are then delivered as their QoS promises (R16). Default false: a
   * message that asks for less is rejected.
   */
  readonly allowLowerQos?: boolean | undefined;
  /**
   * The broker keeps the session when the sink is closed, for the session expiry interval. Default in a job with a store: true, for
   * 7 days. Else false: it ends then, and either way a sink without a store starts its session clean in each process (R8b) and keeps
   * it over reconnects. Needs a `clientId`.
   */
  readonly keepSession?: boolean | undefined;
  /**
   * What becomes of messages that were sent and not confirmed when the broker has lost the session (R5, R17): `redeliver` sends them
   * again, so that some may arrive twice; `drop` gives them up, so that some may be lost; `fail` ends the job until another policy is
   * chosen. Messages that were never sent always go out. Default `fail` in an exactly-once job, else `redeliver`; a job without a store
   * always redelivers.
   */
  readonly onSessionLoss?: OnSessionLoss | undefined;
  /**
   * What a job with a store does when the broker has a session for the client id on the very first start (R6): `fail`, or `discard` it
   * with what is in it. Default `fail`.
   */
  readonly onUnknownSession?: 'fail' | 'discard' | undefined;
  /** For messages that the broker refuses for now and, without `autoReconnect`, for the connection. Default `RetryStrategies.never()`. */
  readonly retryStrategy?: RetryStrategy | undefined;
  /**
   * Everything else about the connection. Called once by `build()`, so that its problems are reported there, and again at each
   * connect, so that credentials, certificates, headers and presigned paths may be fresh; all else must stay the same. When it throws
   * at a connect that is tried again, as the network is.
   */
  readonly connectOptionsFn?: (() => ConnectOptions) | undefined;
  /** How many clients publish, 1 to 256; a topic always has the same one, so that its order holds. Default 1. */
  readonly parallelism?: number | undefined;
  /** An exception in `messageFn`, an impossible message, a refusal by the broker that retries do not help. Default `fail`. */
  readonly onError?: OnError | undefined;
  /**
   * Messages that wait above the window in memory, for each client. Default 10000 with the guarantee `none`; 2048 in a job with a
   * store, which keeps the rest on disk; otherwise 256, since the source keeps the rest, and what waits here is received again when
   * the source's connection is cut.
   */
  readonly maxBufferedMessages?: number | undefined;
  /** Bytes of messages that wait or are in flight, for each client; one message may overshoot it. Default 16777216 (16 MiB). */
  readonly maxBufferedBytes?: number | undefined;
  /** While the sink is offline and its buffer full. Default `pause`. Drops are counted, and refused under at-least-once. */
  readonly offlineOverflow?: OfflineOverflow | undefined;
}
