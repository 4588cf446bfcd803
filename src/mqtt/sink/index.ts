/*
 * MqttSinks: messages of items, published by MQTT clients. Read `mqtt-sink.ts` first, where it is chosen who answers for the messages, then
 * the way of one: a writer makes a row of an item (`message/`) and gives it to the queue of a client by its topic (`queue/`, pure),
 * the client gives the queue a connection and a clock (`client/`). Without a store that is all (`direct/`); with one a row comes by way of
 * an outbox (`outbox/`), whose sender (`outbox/sender/`, pure) says when the queue may publish it. The folder imports the protocol, the
 * connection and the connector's contracts; only the command line and the package's root import it.
 */
export type { DeadLetterTopicOptions } from './dead-letters/dead-letter-topic-options.js';
export { DeadLetters } from './dead-letters/dead-letters.js';
export type { MessageFn, MessageProperties, SinkMessage } from './message/sink-message.js';
export { MqttSinks } from './mqtt-sinks.js';
export type { MqttSinkBuilder } from './options/mqtt-sink-builder.js';
export type { MqttSinkOptions } from './options/mqtt-sink-options.js';
export type { OfflineOverflow } from './options/queue-limits.js';
