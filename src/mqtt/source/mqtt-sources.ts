import type { Source } from '../../connector/source.js';
import type { Table, TableKey } from '../../connector/tables/table.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { refuseNoOptions } from '../../internal/options/not-options.js';
import { refuseBrokerAlone } from '../connection/options/refuse-broker-alone.js';
import type { MapToItemFn } from './items/map-to-item.js';
import { MqttSourceBuilder } from './options/mqtt-source-builder.js';
import type {
  MappedMqttSourceOptions,
  MqttSourceOptions,
  SchemaMqttSourceOptions,
} from './options/mqtt-source-options.js';
import type { Subscription } from './options/subscription.js';
import { mqttTable } from './table/mqtt-table.js';
import type { MqttTableOptions } from './table/table-options.js';

type Given<Options> = Options extends { readonly topic: string } ? 'topic' : 'subscriptions';

function mqtt(filter: string | Subscription): Source<Uint8Array>;
function mqtt(broker: string, filter: string | Subscription): Source<Uint8Array>;
function mqtt<T>(broker: string, filter: string | Subscription, mapToItemFn: MapToItemFn<T>): Source<T>;
function mqtt(
  first: string | Subscription,
  second?: string | Subscription,
  mapToItemFn?: MapToItemFn<unknown>,
): Source<unknown> {
  if (second === undefined) refuseBrokerAlone(first);
  const filter = second ?? first;
  const broker = second === undefined || typeof first !== 'string' ? undefined : first;
  const choice = typeof filter === 'string' ? { topic: filter } : { subscriptions: [filter] };
  return new MqttSourceBuilder<unknown>({ ...choice, broker, mapToItemFn }).build();
}

function builder(): MqttSourceBuilder<Uint8Array>;
function builder<O extends MqttSourceOptions>(options: O): MqttSourceBuilder<Uint8Array, Given<O>>;
function builder<T, O extends MappedMqttSourceOptions<T>>(
  options: O & MappedMqttSourceOptions<T>,
): MqttSourceBuilder<T, Given<O>>;
function builder<T, O extends SchemaMqttSourceOptions<T>>(
  options: O & SchemaMqttSourceOptions<T>,
): MqttSourceBuilder<T, Given<O>>;
function builder(
  options: Partial<MqttSourceOptions | MappedMqttSourceOptions<unknown> | SchemaMqttSourceOptions<unknown>> = {},
): MqttSourceBuilder<unknown> {
  refuseNoOptions('MqttSources.builder', options);
  return new MqttSourceBuilder<unknown>(options);
}

function table(filter: string): Table<string, Uint8Array>;
function table<V = Uint8Array, K extends TableKey = string>(options: MqttTableOptions<V, K>): Table<K, V>;
function table(given: string | MqttTableOptions<unknown, TableKey>): Table<TableKey, unknown> {
  if (typeof given === 'string') refuseBrokerAlone(given);
  else refuseNoOptions('MqttSources.table', given);
  return mqttTable(given);
}

/**
 * Sources that read MQTT topics.
 *
 * @example
 * MqttSources.builder()
 *   .clientId('consumer').broker('tcp://localhost:1883').auth('username', 'password')
 *   .topic('topic').qualityOfService(QualityOfService.EXACTLY_ONCE)
 *   .autoReconnect().keepSession()
 *   .mapToItemFn((topic, message) => message.toString())
 *   .build();
 *
 * @namespace
 */
export const MqttSources = frozenFunctions('MqttSources', { builder: 1, mqtt: 3, table: 1 })({
  /** A builder, or one that already has these options. */
  builder,

  /**
   * A source of one filter (QoS 1 unless a `Subscription` says otherwise) of the broker at `tcp://localhost:1883` or of the
   * given one. Items are copies of the payloads when there is no `mapToItemFn`. Keeps no session.
   * @throws MillraceError INVALID_OPTIONS, also for the URL of a broker alone
   */
  mqtt,

  /**
   * The retained messages of a filter as a table for `lookup`: a row for each topic, which an empty message deletes. It is open when all
   * retained messages are there, and follows what is published. When its connection was cut it subscribes anew, and what was deleted
   * meanwhile goes.
   *
   * ```ts
   * MqttSources.table({ topic: 'devices/+/config', keyFn: (topic) => topic.split('/')[1], mapToRowFn: (_, message) => message.json() })
   * ```
   * @throws MillraceError INVALID_OPTIONS, also for the URL of a broker alone
   */
  table,
});
