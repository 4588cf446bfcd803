export type { DeduplicateBy, DeduplicationKeyFn, DeduplicationOptions } from './deduplicate-by.js';
export type { MapToItemFn } from './map-to-item.js';
export type { Qos0Overflow } from './message-buffer.js';
export type { FilterSteps, MqttSourceBuilder } from './mqtt-source-builder.js';
export type {
  MappedMqttSourceOptions,
  MqttSourceBaseOptions,
  MqttSourceOptions,
} from './mqtt-source-options.js';
export { MqttSources } from './mqtt-sources.js';
export type { OnLowerQos } from './qos-watch.js';
export type { ReceivedMessage } from './received-message.js';
export { Subscription, type SubscriptionOptions } from './subscription.js';
