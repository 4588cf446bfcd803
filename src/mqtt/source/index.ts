/*
 * MqttSources: the messages of a session as numbered items. Read `open-reader.ts` first, where it is put together, then the way of a
 * message: `message-intake.ts` takes the session's events into the `buffer/`, `mqtt-source-reader.ts` polls it and makes `items/`, and what
 * is durable is acknowledged by an `Acknowledger`: `direct/` without a store, `durable/` with one. `table/` has retained messages as a
 * table. The folder imports the protocol, the
 * connection and the connector's contracts; only the command line and the package's root import it.
 */
export type { Qos0Overflow } from './buffer/message-buffer.js';
export type { DeduplicateBy, DeduplicationKeyFn, DeduplicationOptions } from './items/deduplicate-by.js';
export type { MapToItemFn } from './items/map-to-item.js';
export type { OnLowerQos } from './items/qos-check.js';
export { MqttSources } from './mqtt-sources.js';
export type { FilterSteps, MqttSourceBuilder } from './options/mqtt-source-builder.js';
export type {
  MappedMqttSourceOptions,
  MqttSourceBaseOptions,
  MqttSourceOptions,
  SchemaMqttSourceOptions,
} from './options/mqtt-source-options.js';
export type { Spread, SpreadFn } from './options/spread.js';
export { Subscription, type SubscriptionOptions } from './options/subscription.js';
export type { ReceivedMessage } from './received-message.js';
export type { MqttTableOptions } from './table/table-options.js';
