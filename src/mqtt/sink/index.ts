export { DeadLetters, type DeadLetterTopicOptions } from './dead-letters/dead-letters.js';
export type { MessageFn, MessageProperties, SinkMessage } from './message/sink-message.js';
export { MqttSinks } from './mqtt-sinks.js';
export type { MqttSinkBuilder } from './options/mqtt-sink-builder.js';
export type { MqttSinkOptions } from './options/mqtt-sink-options.js';
export type { OfflineOverflow } from './options/queue-limits.js';
export { IntervalFunctions } from './retry/interval-functions.js';
export { RetryStrategies, type RetryStrategyBuilder } from './retry/retry-strategies.js';
export type { IntervalFunction, RetryStrategy } from './retry/retry-strategy.js';
