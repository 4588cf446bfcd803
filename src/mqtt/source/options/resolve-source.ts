import type { OpenContext, PartitionOf } from '../../../connector/open-context.js';
import { schemaFunction } from '../../../connector/schema/schema-function.js';
import type { OnError } from '../../../connector/sink.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { MetricsRegistry } from '../../../metrics/metrics-registry.js';
import { sessionClaims } from '../../connection/identity/session-claims.js';
import type { UnknownSessionPolicy } from '../../connection/identity/session-past.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import { lendingPlace } from '../../connection/options/lent-place.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { renewOptions } from '../../connection/options/renew-options.js';
import { type ResolvedConnect, resolveConnectOptions } from '../../connection/options/resolve-connect-options.js';
import type { WantedSubscription } from '../../connection/subscriptions/wanted-subscription.js';
import type { BufferLimits } from '../buffer/message-buffer.js';
import { type DeduplicateBy, deduplicationProblems } from '../items/deduplicate-by.js';
import { copyPayload, type MapToItemFn, parsePayload } from '../items/map-to-item.js';
import type { OnLowerQos } from '../items/qos-check.js';
import { neededQos } from '../needed-qos.js';
import type { SourceSettings } from './mqtt-source-options.js';
import { resolveSubscriptions } from './resolve-subscriptions.js';
import { checkSourceOptions } from './source-checks.js';
import { askConnectOptions, type SourceConnectFacts, sourceConnectInput } from './source-connect-input.js';
import { type Spread, spreadProblems, spreadSubscriptions } from './spread.js';
import { Subscription } from './subscription.js';

/** An MQTT source with every default applied and every bound checked. */
export interface ResolvedSource<T> {
  /** For metrics, events and errors: the client id, or the filters. */
  readonly name: string;
  /** None for a random client id. */
  readonly claims: readonly string[];
  /** Empty where nothing is read, and filters are unsubscribed alone. */
  readonly subscriptions: readonly WantedSubscription[];
  /** As in `ResolvedSubscriptions`. */
  readonly overlaps: readonly (readonly [string, string])[];
  /** Why the source falls back to no version below 5.0; undefined when it may. */
  readonly needsVersion5: string | undefined;
  /** By the step, or by `clean: false`. */
  readonly keepSession: boolean;
  /** For QoS 1 and 2 by the Receive Maximum, too. */
  readonly limits: BufferLimits;
  /** Of messages that are malformed, and of those that `mapToItemFn` throws for or the schema does not take. */
  readonly onError: OnError;
  /** Throws for a message that is no item. */
  readonly mapToItemFn: MapToItemFn<unknown>;
  /** Throws for what does not fit; gives the item itself where there is none. */
  readonly schema: (item: unknown) => T;
  /** What tells copies; undefined when nothing does. */
  readonly deduplicateBy: DeduplicateBy<T> | undefined;
  /** Only with a store (R6). */
  readonly onUnknownSession: UnknownSessionPolicy;
  /** Only under exactly-once (R16). */
  readonly onLowerQos: OnLowerQos;
  /** How its messages are divided among partitions; undefined: that was not said. */
  readonly spread: Spread | undefined;
  /**
   * The source of one partition of several: with a session of its own, and its part of the messages. @throws MillraceError INVALID_OPTIONS
   */
  readonly inPartition: (partition: PartitionOf) => ResolvedSource<T>;
  /** Those of `build()`; `connectOptionsFn` is asked again at each connect. @throws MillraceError INVALID_OPTIONS */
  readonly connectionOptions: (context: Pick<OpenContext, 'guarantee' | 'metrics'>) => MqttConnectionOptions;
}

const DEFAULT_MAX_MESSAGES = 10_000;
/** So many messages of QoS 1 and 2 may wait whatever the Receive Maximum, so that the socket is not switched for each of them. */
const LEAST_RELIABLE = 1000;
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** @throws MillraceError INVALID_OPTIONS with all problems at once in `details.problems` */
export const resolveSource = <T>(given: SourceSettings<T>): ResolvedSource<T> => {
  const { options: settings, problems: wrong } = checkSourceOptions(given);
  const { schema, deduplicateBy, onError = 'fail' } = settings;
  const { mapToItemFn = schema === undefined ? copyPayload : parsePayload } = settings;
  const { onUnknownSession = 'fail', onLowerQos = 'accept' } = settings;
  const asked = askConnectOptions(settings);
  const options: ConnectOptions = typeof asked === 'string' ? {} : asked;
  const { wanted, overlaps, needsVersion5, problems } = resolveSubscriptions(settings, options.protocolVersion);
  const clientId = settings.clientId ?? options.clientId;
  const name = clientId ?? `mqtt(${wanted.map(({ filter }) => filter).join(',')})`;
  const facts = { name, options, subscriptions: wanted, needsVersion5, neededQos: neededQos({ deduplicateBy }) };
  const context = { guarantee: 'none', metrics: new MetricsRegistry() } as const;
  const connect = resolveConnectOptions(sourceConnectInput(settings, facts, context));
  const limits = limitsOf(settings, connect.options?.receiveMaximum ?? LEAST_RELIABLE);
  // a wrong choice has been told
  const chosen = given.topic === settings.topic && given.subscriptions === settings.subscriptions;
  const all = [
    ...wrong,
    ...(chosen ? problems : []),
    ...(typeof asked === 'string' ? [asked] : []),
    ...connect.problems,
    ...deduplicationProblems(deduplicateBy),
    ...spreadProblems(settings.spread, {
      clientId,
      subscriptions: chosenOf(settings),
      deduplicates: deduplicateBy !== undefined,
    }),
  ];
  const built = connect.options;
  if (built === undefined || all.length > 0) throw invalidOptions('the MQTT source cannot be built', all);
  return {
    name,
    claims: clientId === undefined ? [] : sessionClaims(built.servers, clientId),
    subscriptions: wanted,
    overlaps,
    needsVersion5,
    keepSession: built.keepSession,
    limits,
    onError: lendingPlace(onError, { ...settings, clientId }),
    mapToItemFn,
    schema: schema === undefined ? asItIs : schemaFunction(schema),
    deduplicateBy,
    onUnknownSession,
    onLowerQos,
    spread: settings.spread,
    inPartition: (partition) => resolveSource(settingsOf(settings, clientId, partition)),
    connectionOptions: (opening) => connectionOptions(settings, facts, opening),
  };
};

const chosenOf = ({
  topic,
  qualityOfService,
  subscriptions,
}: Pick<SourceSettings<unknown>, 'topic' | 'qualityOfService' | 'subscriptions'>): readonly Subscription[] =>
  subscriptions ?? (topic === undefined ? [] : [Subscription.of(topic, qualityOfService)]);

/** A partition's settings: its own client id, and its part of the filters. */
const settingsOf = <T>(
  settings: SourceSettings<T>,
  clientId: string | undefined,
  partition: PartitionOf,
): SourceSettings<T> => {
  const { topic: _, qualityOfService: __, spread = 'first', connectOptionsFn: ask, ...rest } = settings;
  return {
    ...rest,
    clientId: clientId && `${clientId}-${partition.index}`,
    subscriptions: spreadSubscriptions(spread, { clientId, subscriptions: chosenOf(settings) }, partition),
    connectOptionsFn: ask && (() => ({ ...ask(), clientId: undefined })),
  };
};

/** Without a schema items are what `mapToItemFn` gives: the types of the builder have checked it. */
const asItIs = <T>(item: unknown): T => item as T;

/** A broker that keeps to the Receive Maximum never fills the bound of QoS 1 and 2, so the reader of its connection goes on. */
const limitsOf = (settings: SourceSettings<unknown>, receiveMaximum: number): BufferLimits => {
  const maxMessages = settings.maxBufferedMessages ?? DEFAULT_MAX_MESSAGES;
  return {
    maxQos0Messages: maxMessages,
    maxReliableMessages: Math.min(maxMessages, Math.max(receiveMaximum, LEAST_RELIABLE)),
    maxBytes: settings.maxBufferedBytes ?? DEFAULT_MAX_BYTES,
    qos0Overflow: settings.qos0Overflow ?? 'drop-oldest',
  };
};

/** What `connectOptionsFn` gave at `build()` is the session's; at each connect it is asked for what may be fresh. */
const connectionOptions = (
  settings: SourceSettings<unknown>,
  facts: SourceConnectFacts,
  context: Pick<OpenContext, 'guarantee' | 'metrics'>,
): MqttConnectionOptions => {
  const resolve = (options: ConnectOptions): ResolvedConnect =>
    resolveConnectOptions(sourceConnectInput(settings, { ...facts, options }, context));
  const { options: asked, name } = facts;
  const { options, problems } = resolve(asked);
  if (options === undefined) throw invalidOptions('the MQTT source cannot be opened', problems);
  const { connectOptionsFn: ask } = settings;
  if (ask === undefined) return options;
  return { ...options, renew: () => renewOptions({ what: `the MQTT source "${name}"`, asked, ask, resolve }) };
};
