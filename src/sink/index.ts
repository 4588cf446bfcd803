export { DeadLetters, type DeadLetterTopicOptions } from './dead-letters/dead-letters.js';
export { IntervalFunctions } from './interval-functions.js';
export type { OfflineOverflow } from './lane-limits.js';
export type { MqttSinkBuilder } from './mqtt-sink-builder.js';
export type { MqttSinkOptions } from './mqtt-sink-options.js';
export { MqttSinks } from './mqtt-sinks.js';
export { RetryStrategies, type RetryStrategyBuilder } from './retry-strategies.js';
export type { IntervalFunction, RetryStrategy } from './retry-strategy.js';
export type { MessageFn, MessageProperties, SinkMessage } from './sink-message.js';
