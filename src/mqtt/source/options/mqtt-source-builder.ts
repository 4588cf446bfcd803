import type { StandardSchema } from '../../../connector/schema/standard-schema.js';
import type { OnError } from '../../../connector/sink.js';
import type { Source } from '../../../connector/source.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { refuseMore } from '../../../internal/options/refuse-more.js';
import type { UnknownSessionPolicy } from '../../connection/identity/session-past.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { OnSessionLoss } from '../../connection/options/on-session-loss.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { Qos0Overflow } from '../buffer/message-buffer.js';
import type { DeduplicationKeyFn, DeduplicationOptions } from '../items/deduplicate-by.js';
import type { MapToItemFn } from '../items/map-to-item.js';
import type { OnLowerQos } from '../items/qos-check.js';
import { mqttSource } from '../mqtt-source.js';
import type { SourceSettings } from './mqtt-source-options.js';
import { resolveSource } from './resolve-source.js';
import type { Spread } from './spread.js';
import type { Subscription } from './subscription.js';

/** How a builder was told what to read: not yet, by `topic` and `qualityOfService`, or by `subscriptions`. */
export type FilterSteps = 'open' | 'topic' | 'subscriptions';

/** Never satisfied: its name is what the compiler says to a builder that was given both. */
interface TopicAndSubscriptionsAreAlternatives {
  readonly alternatives: never;
}

const ONE_TOPIC = 'topic is given already; several filters are for subscriptions: Subscription.of(filter, qos), …';
const ALL_AT_ONCE = 'subscriptions are given already; give all filters in one call of subscriptions';
const ITEMS_FIRST = 'deduplicateBy sees the items: give mapToItemFn and schema before it';
const MAP_FIRST = 'schema sees what mapToItemFn makes: give that before it';
const ONE_SCHEMA = 'schema is given already: make one schema of the two';

type Unless<Given extends FilterSteps, Other extends FilterSteps, Argument> = Given extends Other
  ? Argument & TopicAndSubscriptionsAreAlternatives
  : Argument;

/**
 * Says step by step what an MQTT source is, under the names of Jet's builder. A value: every step returns a new builder and
 * leaves this one as it was, so one may be the start of many. `Given` is `open` until `topic` or `subscriptions` is called.
 */
export class MqttSourceBuilder<T, Given extends FilterSteps = 'open'> {
  readonly #settings: SourceSettings<T>;

  constructor(settings: SourceSettings<T>) {
    this.#settings = Object.freeze({ ...settings });
    Object.freeze(this);
  }

  /** The name of the session at the broker; needed to keep it. Default: a random one for each opening. */
  clientId(clientId: string): MqttSourceBuilder<T, Given> {
    return this.#with({ clientId });
  }

  /** URL: `mqtt` or `tcp`, `mqtts`, `ssl` or `tls`, `ws`, `wss`. Default `tcp://localhost:1883`. */
  broker(broker: string): MqttSourceBuilder<T, Given> {
    return this.#with({ broker });
  }

  /** Of the CONNECT. Not together with others in the URL of the broker or `connectOptionsFn`, unless they are the same. */
  auth(username: string, password: string | Uint8Array): MqttSourceBuilder<T, Given> {
    return this.#with({ auth: { username, password } });
  }

  /**
   * The topic filter to read. Wildcards and `$share/group/filter` are allowed.
   * @throws MillraceError INVALID_OPTIONS when there is one: the first would be read no more
   */
  topic(topic: Unless<Given, 'subscriptions', string>): MqttSourceBuilder<T, 'topic'> {
    if (this.#settings.topic !== undefined) throw invalidOptions('the MQTT source', [ONE_TOPIC]);
    return this.#with({ topic });
  }

  /** Of the filter given by `topic`. Default 1. */
  qualityOfService(qos: Unless<Given, 'subscriptions', QualityOfService>): MqttSourceBuilder<T, 'topic'> {
    return this.#with({ qualityOfService: qos });
  }

  /**
   * Several filters, each with its own QoS: the alternative to `topic`.
   * @throws MillraceError INVALID_OPTIONS when there are some: those would be read no more
   */
  subscriptions(...subscriptions: Unless<Given, 'topic', Subscription>[]): MqttSourceBuilder<T, 'subscriptions'> {
    if (this.#settings.subscriptions !== undefined) throw invalidOptions('the MQTT source', [ALL_AT_ONCE]);
    return this.#with({ subscriptions });
  }

  /**
   * Filters that the session may have of an earlier program, and is to have no more: without a store nothing else knows of them. They are
   * unsubscribed at each start.
   */
  unsubscribe(...filters: string[]): MqttSourceBuilder<T, Given> {
    return this.#with({ unsubscribe: filters });
  }

  /** Connect again when the connection is lost. Default true, also without this step. */
  autoReconnect(autoReconnect = true): MqttSourceBuilder<T, Given> {
    return this.#with({ autoReconnect });
  }

  /** The broker keeps subscriptions and undelivered messages while we are away. Needs `clientId`. Default without this step: false. */
  keepSession(keepSession = true): MqttSourceBuilder<T, Given> {
    return this.#with({ keepSession });
  }

  /**
   * Everything else about the connection. Called by `build()` to check it, and again at each connect: see `connectOptionsFn` of
   * {@link MqttSourceOptions}.
   */
  connectOptionsFn(connectOptionsFn: () => ConnectOptions): MqttSourceBuilder<T, Given> {
    return this.#with({ connectOptionsFn });
  }

  /**
   * Makes an item of a message. Default: a copy of the payload as a Uint8Array; before a `schema` the payload parsed as JSON.
   * @throws MillraceError INVALID_OPTIONS after `schema` and `deduplicateBy`, which were given for other items
   */
  mapToItemFn<U>(mapToItemFn: MapToItemFn<U>): MqttSourceBuilder<U, Given> {
    const { schema, deduplicateBy, ...others } = this.#settings;
    if (deduplicateBy !== undefined) throw invalidOptions('the MQTT source', [ITEMS_FIRST]);
    if (schema !== undefined) throw invalidOptions('the MQTT source', [MAP_FIRST]);
    return new MqttSourceBuilder<U, Given>({ ...others, mapToItemFn });
  }

  /**
   * Lets through the items that a schema takes (of zod, valibot, arktype or another library of Standard Schema), as what it makes of them.
   * Any other is for `onError`, whose letters have the message as it came; the error has the paths at which it is wrong, never a value. The
   * schema must answer at once.
   * @throws MillraceError INVALID_OPTIONS after another one, and after `deduplicateBy`, whose function was given for other items
   */
  schema<U>(schema: StandardSchema<U>): MqttSourceBuilder<U, Given> {
    const { schema: other, deduplicateBy, ...others } = this.#settings;
    if (deduplicateBy !== undefined) throw invalidOptions('the MQTT source', [ITEMS_FIRST]);
    if (other !== undefined) throw invalidOptions('the MQTT source', [ONE_SCHEMA]);
    return new MqttSourceBuilder<U, Given>({ ...others, schema });
  }

  /**
   * An exception in `mapToItemFn`, or an item that `schema` does not take: `fail` (default) fails the job, `skip` counts and acknowledges
   * the message, `{ deadLetter }` sends it there first.
   */
  onError(onError: OnError): MqttSourceBuilder<T, Given> {
    return this.#with({ onError });
  }

  /**
   * What to do when the broker has lost our session, and with it what it still had for us (R17): `fail` the job, or go on with a new
   * session; then `redeliver` lets retained messages come again and `drop` does not (5.0). Default: `fail` under
   * exactly-once, `redeliver` under at-least-once, else `drop`.
   */
  onSessionLoss(onSessionLoss: OnSessionLoss): MqttSourceBuilder<T, Given> {
    return this.#with({ onSessionLoss });
  }

  /**
   * On the first start of a job with a store: what to do when the broker has a session for our client id already (R6). `fail`
   * (default) leaves it alone, `adopt` goes on with it and takes what it still has, `discard` throws it away.
   */
  onUnknownSession(onUnknownSession: UnknownSessionPolicy): MqttSourceBuilder<T, Given> {
    return this.#with({ onUnknownSession });
  }

  /**
   * Under exactly-once, a message that its publisher sent at too low a QoS (R16): `accept` (default) takes it as it is, `reject` gives it
   * to `onError`, `fail` fails the job at it. It is counted and told in any case.
   */
  onLowerQos(onLowerQos: OnLowerQos): MqttSourceBuilder<T, Given> {
    return this.#with({ onLowerQos });
  }

  /**
   * How the messages are divided when the job has several partitions: see {@link Spread}. Such a job is refused where it is not said. With
   * one partition it means nothing.
   */
  spread(spread: Spread): MqttSourceBuilder<T, Given> {
    return this.#with({ spread });
  }

  /**
   * Takes a message once whose key is known already: copies that QoS 1 cannot tell, or that a publisher sent twice. The keys are in the
   * job's store, for `ttlMs` (default a day) and at most `maxEntries` (default 1000000) of them. Admits QoS 1 to exactly-once. After
   * `mapToItemFn` and `schema`, whose items it sees.
   */
  deduplicateBy(keyFn: DeduplicationKeyFn<T>, options: DeduplicationOptions = {}): MqttSourceBuilder<T, Given> {
    return this.#with({ deduplicateBy: { ...options, keyFn } });
  }

  /** What gives way when QoS 0 messages come faster than they are worked off. Default `drop-oldest`. Drops are counted. */
  qos0Overflow(qos0Overflow: Qos0Overflow): MqttSourceBuilder<T, Given> {
    return this.#with({ qos0Overflow });
  }

  /**
   * Default 10000. QoS 0 overflows above it; with QoS 1 and 2 reading stops, there already at the Receive Maximum, or 1000 where that is
   * lower.
   */
  maxBufferedMessages(maxBufferedMessages: number): MqttSourceBuilder<T, Given> {
    return this.#with({ maxBufferedMessages });
  }

  /** Default 16 MiB. QoS 0 overflows above it; with QoS 1 and 2 reading stops. */
  maxBufferedBytes(maxBufferedBytes: number): MqttSourceBuilder<T, Given> {
    return this.#with({ maxBufferedBytes });
  }

  /** @throws MillraceError INVALID_OPTIONS with all problems at once in `details.problems` */
  build(): Source<T> {
    return mqttSource(resolveSource(this.#settings));
  }

  #with<Next extends FilterSteps>(change: Partial<SourceSettings<T>>): MqttSourceBuilder<T, Next> {
    return new MqttSourceBuilder<T, Next>({ ...this.#settings, ...change });
  }

  static {
    refuseMore(
      'the MQTT source',
      {
        clientId: 1,
        broker: 1,
        auth: 2,
        topic: 1,
        qualityOfService: 1,
        subscriptions: Number.POSITIVE_INFINITY,
        unsubscribe: Number.POSITIVE_INFINITY,
        autoReconnect: 1,
        keepSession: 1,
        connectOptionsFn: 1,
        mapToItemFn: 1,
        schema: 1,
        onError: 1,
        onSessionLoss: 1,
        onUnknownSession: 1,
        onLowerQos: 1,
        spread: 1,
        deduplicateBy: 2,
        qos0Overflow: 1,
        maxBufferedMessages: 1,
        maxBufferedBytes: 1,
        build: 0,
      },
      MqttSourceBuilder.prototype,
    );
  }
}
