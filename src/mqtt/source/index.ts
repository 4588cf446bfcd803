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
} from './options/mqtt-source-options.js';
export { Subscription, type SubscriptionOptions } from './options/subscription.js';
export type { ReceivedMessage } from './received-message.js';
