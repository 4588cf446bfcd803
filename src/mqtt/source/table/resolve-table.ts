import type { TableKey } from '../../../connector/tables/table.js';
import { checkOptions, type OptionChecks, options as optionsOf } from '../../../internal/options/check-options.js';
import { invalidOptions } from '../../../internal/options/invalid-options.js';
import { count, func, oneOf, someText, text } from '../../../internal/options/option-checks.js';
import type { Metrics } from '../../../metrics/metrics.js';
import { MetricsRegistry } from '../../../metrics/metrics-registry.js';
import { CONNECT_NAMES, CREDENTIALS } from '../../connection/options/connect-checks.js';
import type { ConnectOptions } from '../../connection/options/connect-options.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import { renewOptions } from '../../connection/options/renew-options.js';
import { type ResolvedConnect, resolveConnectOptions } from '../../connection/options/resolve-connect-options.js';
import type { SubscriptionRequest } from '../../protocol/packet.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import { isSharedFilter, topicFilterProblem } from '../../protocol/topic.js';
import { askConnectOptions } from '../options/source-connect-input.js';
import type { MqttTableOptions } from './table-options.js';

/** A table with every default applied and every bound checked. */
export interface ResolvedTable<K extends TableKey, V> {
  /** For metrics, events and errors: the filter. */
  readonly name: string;
  readonly mapToRowFn: NonNullable<MqttTableOptions<V, K>['mapToRowFn']>;
  readonly keyFn: NonNullable<MqttTableOptions<V, K>['keyFn']>;
  readonly maxRows: number;
  /** Of the messages that gave the rows, as `heldBytes` counts. */
  readonly maxBytes: number;
  /** For SUBACK, and for what asks whether all is there. */
  readonly ackTimeoutMs: number;
  readonly subscriptions: (isVersion5: boolean) => TableSubscriptions;
  /** @throws MillraceError INVALID_OPTIONS */
  readonly connectionOptions: (metrics: Metrics) => MqttConnectionOptions;
}

/**
 * Above QoS 0 a broker drops of the retained messages what the queue of a client has no room for, without a word (mosquitto, EMQX). So all come
 * at QoS 0, and then another subscription takes the place of that one, with no gap [MQTT-3.8.4-3].
 */
export interface TableSubscriptions {
  /** Brings all retained messages. */
  readonly load: SubscriptionRequest;
  /** Takes changes at the QoS asked for; undefined: `load` does. Below 5.0 it always does: another SUBSCRIBE would bring all messages again. */
  readonly follow: SubscriptionRequest | undefined;
}

/** What a user gave, with the functions that are always there by then. */
export type TableSettings<K extends TableKey, V> = MqttTableOptions<V, K> &
  Pick<ResolvedTable<K, V>, 'mapToRowFn' | 'keyFn'>;

const TABLE: OptionChecks<MqttTableOptions<unknown, TableKey>> = {
  broker: text,
  auth: optionsOf(CREDENTIALS),
  topic: someText,
  qualityOfService: oneOf(0, 1, 2),
  mapToRowFn: func,
  keyFn: func,
  maxRows: count,
  maxBytes: count,
  connectOptionsFn: func,
};
const DEFAULT_MAX_ROWS = 100_000;
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** @throws MillraceError INVALID_OPTIONS with all problems at once */
export const resolveTable = <K extends TableKey, V>(given: TableSettings<K, V>): ResolvedTable<K, V> => {
  const { problems } = checkOptions<MqttTableOptions<unknown, TableKey>>('the table', given, TABLE, CONNECT_NAMES);
  const asked = askConnectOptions(given);
  const all = [...problems, ...filterProblems(given.topic), ...(typeof asked === 'string' ? [asked] : [])];
  const known = typeof asked === 'string' ? {} : asked;
  const { topic, qualityOfService: qos = 0, mapToRowFn, keyFn } = given;
  const { maxRows = DEFAULT_MAX_ROWS, maxBytes = DEFAULT_MAX_BYTES } = given;
  const connect = resolveConnect(given, known, new MetricsRegistry());
  if (connect.options === undefined || all.length > 0) {
    throw invalidOptions('the MQTT table cannot be built', [...all, ...connect.problems]);
  }
  return {
    name: topic,
    mapToRowFn,
    keyFn,
    maxRows,
    maxBytes,
    ackTimeoutMs: connect.options.ackTimeoutMs,
    subscriptions: (isVersion5) => subscriptions(topic, qos, isVersion5),
    connectionOptions: (metrics) => connectionOptions(given, known, metrics),
  };
};

const subscriptions = (filter: string, qos: QualityOfService, isVersion5: boolean): TableSubscriptions => {
  if (!isVersion5) return { load: { filter, qos: 0 }, follow: undefined };
  const load = { filter, qos: 0, noLocal: false, retainAsPublished: true, retainHandling: 0 } as const;
  return { load, follow: qos === 0 ? undefined : { ...load, qos, retainHandling: 2 } };
};

const filterProblems = (topic: unknown): readonly string[] => {
  if (typeof topic !== 'string' || topic === '')
    return topic === undefined ? ['there is nothing to read: give topic'] : [];
  const problem = topicFilterProblem(topic);
  if (problem !== undefined) return [`the filter ${JSON.stringify(topic)} is not valid: ${problem}`];
  return isSharedFilter(topic) ? ['a shared filter brings no retained messages: leave out $share'] : [];
};

/** Nothing of a session is of use here: each connection subscribes anew, so it ends with its connection where a broker can be told so. */
const resolveConnect = (
  { broker, auth, topic }: Pick<MqttTableOptions<unknown>, 'broker' | 'auth' | 'topic'>,
  asked: ConnectOptions,
  metrics: Metrics,
): ResolvedConnect => {
  const { options, problems } = resolveConnectOptions({
    name: `table ${topic}`,
    broker,
    options: asked,
    auth,
    keepSession: false,
    startClean: true,
    subscriptions: [],
    refuseLowerQos: false,
    onSessionLoss: 'drop',
    metrics,
    labels: { table: topic },
  });
  return { options: options && { ...options, sessionExpiryInterval: 0, ownFilters: 1 }, problems };
};

const connectionOptions = <K extends TableKey, V>(
  given: TableSettings<K, V>,
  asked: ConnectOptions,
  metrics: Metrics,
): MqttConnectionOptions => {
  const resolve = (options: ConnectOptions): ResolvedConnect => resolveConnect(given, options, metrics);
  const { options, problems } = resolve(asked);
  if (options === undefined) throw invalidOptions('the MQTT table cannot be opened', problems);
  const { connectOptionsFn: ask } = given;
  if (ask === undefined) return options;
  return { ...options, renew: () => renewOptions({ what: `the MQTT table "${given.topic}"`, asked, ask, resolve }) };
};
