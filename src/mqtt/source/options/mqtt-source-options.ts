import type { StandardSchema } from '../../../connector/schema/standard-schema.js';
import type { OnError } from '../../../connector/sink.js';
import type { UnknownSessionPolicy } from '../../connection/identity/session-past.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { OnSessionLoss } from '../../connection/options/on-session-loss.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { Qos0Overflow } from '../buffer/message-buffer.js';
import type { DeduplicateBy } from '../items/deduplicate-by.js';
import type { MapToItemFn } from '../items/map-to-item.js';
import type { OnLowerQos } from '../items/qos-check.js';
import type { Spread } from './spread.js';
import type { Subscription } from './subscription.js';

/** What every MQTT source may be told, by the steps of the builder or in one object: each name is the name of a step. */
export interface MqttSourceBaseOptions {
  /** URL of the broker. Default `tcp://localhost:1883`. */
  readonly broker?: string | undefined;
  /** Without one every opening of the source gets a random id (`millrace…`), and no session can be kept. */
  readonly clientId?: string | undefined;
  /** Of the CONNECT. What the URL of the broker or `connectOptionsFn` say of it must be the same. */
  readonly auth?: { readonly username: string; readonly password: string | Uint8Array } | undefined;
  /** Connect again when the connection is lost. Default true. */
  readonly autoReconnect?: boolean | undefined;
  /**
   * Filters that the session may have of an earlier program, and is to have no more: without a store nothing else knows of them. They are
   * unsubscribed at each start. Default none.
   */
  readonly unsubscribe?: readonly string[] | undefined;
  /** The broker keeps our subscriptions and undelivered messages while we are away. Default false. Needs a `clientId`. */
  readonly keepSession?: boolean | undefined;
  /**
   * Everything else about the connection. Called once by `build()`, so that its problems are reported there, and again at each
   * connect, so that credentials, certificates, headers and presigned paths may be fresh; all else must stay the same. When it throws
   * at a connect that is tried again, as the network is.
   */
  readonly connectOptionsFn?: (() => ConnectOptions) | undefined;
  /** An exception in `mapToItemFn`, and an item that `schema` does not take. Default `fail`. */
  readonly onError?: OnError | undefined;
  /** Default `drop-oldest`. */
  readonly qos0Overflow?: Qos0Overflow | undefined;
  /**
   * Default: `fail` under exactly-once, `redeliver` under at-least-once; without a guarantee `drop`, for nothing but retained messages is
   * at stake.
   */
  readonly onSessionLoss?: OnSessionLoss | undefined;
  /** Only in a job with a store. Default `fail`. */
  readonly onUnknownSession?: UnknownSessionPolicy | undefined;
  /** How the messages are divided when a job has several partitions, which then has to be said. */
  readonly spread?: Spread | undefined;
  /** Only under exactly-once. Default `accept`. */
  readonly onLowerQos?: OnLowerQos | undefined;
  /**
   * Messages received and not polled yet, for QoS 0 and for QoS 1 and 2 each; the latter are also bounded by the Receive Maximum, or 1000
   * where that is lower. Default 10000.
   */
  readonly maxBufferedMessages?: number | undefined;
  /** Their topics, payloads and properties in bytes, for QoS 0 and for QoS 1 and 2 each. Default 16777216 (16 MiB). */
  readonly maxBufferedBytes?: number | undefined;
}

/** One filter. */
export interface TopicChoice {
  /** A topic filter: wildcards and `$share/group/filter` are allowed. */
  readonly topic: string;
  /** Default 1. */
  readonly qualityOfService?: QualityOfService | undefined;
  /** Never given: see `SubscriptionsChoice`. */
  readonly subscriptions?: undefined;
}

/** Several filters, each with its own QoS: the alternative to `topic` and `qualityOfService`. */
export interface SubscriptionsChoice {
  /** At least one, no filter twice; none where there is something to `unsubscribe`: then nothing is read. */
  readonly subscriptions: readonly Subscription[];
  /** Never given: see `TopicChoice`. */
  readonly topic?: undefined;
  /** Never given: each subscription has its own. */
  readonly qualityOfService?: undefined;
}

/** An MQTT source as one object whose items are copies of the payloads. */
export type MqttSourceOptions = MqttSourceBaseOptions &
  (TopicChoice | SubscriptionsChoice) & {
    /** Never given: see `MappedMqttSourceOptions`. */
    readonly mapToItemFn?: undefined;
    /** Never given: see `SchemaMqttSourceOptions`. */
    readonly schema?: undefined;
    /** Tells copies by a key of the message; admits QoS 1 to exactly-once. */
    readonly deduplicateBy?: DeduplicateBy<Uint8Array> | undefined;
  };

/** An MQTT source as one object, with a function that makes the items. */
export type MappedMqttSourceOptions<T> = MqttSourceBaseOptions &
  (TopicChoice | SubscriptionsChoice) & {
    /** Makes an item of each message; what it throws is for `onError`. */
    readonly mapToItemFn: MapToItemFn<T>;
    /** Never given: see `SchemaMqttSourceOptions`. */
    readonly schema?: undefined;
    /** As in `MqttSourceOptions`; it sees the items that `mapToItemFn` makes. */
    readonly deduplicateBy?: DeduplicateBy<T> | undefined;
  };

/** An MQTT source as one object, whose items are what a schema makes of the messages. */
export type SchemaMqttSourceOptions<T> = MqttSourceBaseOptions &
  (TopicChoice | SubscriptionsChoice) & {
    /** What the schema is given. Default: the payload, parsed as JSON. */
    readonly mapToItemFn?: MapToItemFn<unknown> | undefined;
    /** Lets through what it takes, as what it makes of it; all else is for `onError`. It must answer at once. */
    readonly schema: StandardSchema<T>;
    /** As in `MqttSourceOptions`; it sees what the schema has made. */
    readonly deduplicateBy?: DeduplicateBy<T> | undefined;
  };

/** What a builder has gathered so far: any of the options, in any combination; `build()` says what is wrong with them. */
export interface SourceSettings<T> extends MqttSourceBaseOptions {
  /** As in `TopicChoice`; not together with `subscriptions`. */
  readonly topic?: string | undefined;
  /** Of `topic`; refused beside `subscriptions`. Default 1. */
  readonly qualityOfService?: QualityOfService | undefined;
  /** As in `SubscriptionsChoice`. */
  readonly subscriptions?: readonly Subscription[] | undefined;
  /** Default: a copy of the payload, before a `schema` the payload parsed as JSON. */
  readonly mapToItemFn?: MapToItemFn<unknown> | undefined;
  /** Given for what this very `mapToItemFn` makes: the builder refuses another one after it. */
  readonly schema?: StandardSchema<T> | undefined;
  /** Given for the items of this very `mapToItemFn` and `schema`: the builder refuses another one after it. */
  readonly deduplicateBy?: DeduplicateBy<T> | undefined;
}
