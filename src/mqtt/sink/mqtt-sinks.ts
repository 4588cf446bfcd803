import type { Sink } from '../../connector/sink.js';
import { frozenFunctions } from '../../internal/options/frozen-functions.js';
import { refuseNoOptions } from '../../internal/options/not-options.js';
import { refuseBrokerAlone } from '../connection/options/refuse-broker-alone.js';
import type { MessageFn } from './message/sink-message.js';
import { MqttSinkBuilder } from './options/mqtt-sink-builder.js';
import type { MqttSinkOptions } from './options/mqtt-sink-options.js';

function mqtt<T>(topic: string): Sink<T>;
function mqtt<T>(broker: string, topic: string): Sink<T>;
function mqtt<T>(broker: string, topic: string, messageFn: MessageFn<T>): Sink<T>;
function mqtt<T>(first: string, second?: string, messageFn?: MessageFn<T>): Sink<T> {
  if (second === undefined) refuseBrokerAlone(first);
  const place = second === undefined ? { topic: first } : { broker: first, topic: second };
  return new MqttSinkBuilder<T>({ ...place, messageFn }).build();
}

/**
 * Sinks that publish to MQTT topics.
 *
 * @example
 * MqttSinks.builder()
 *   .clientId('producer').broker('tcp://localhost:1883').auth('username', 'password')
 *   .topic('topic').autoReconnect().keepSession()
 *   .retryStrategy(RetryStrategies.indefinitely(1000))
 *   .messageFn((item: string) => ({ payload: item, qos: 2 }))
 *   .build();
 *
 * @namespace
 */
export const MqttSinks = frozenFunctions('MqttSinks', { builder: 1, mqtt: 3 })({
  /** A builder, or one that already has these options. */
  builder: <T = unknown>(options: MqttSinkOptions<T> = {}): MqttSinkBuilder<T> => {
    refuseNoOptions('MqttSinks.builder', options);
    return new MqttSinkBuilder<T>(options);
  },

  /**
   * A sink to a topic of the broker at `tcp://localhost:1883` or of the given one, with QoS 1 and the item's string (bytes
   * as they are) as payload when there is no `messageFn`.
   * @throws MillraceError INVALID_OPTIONS, also for the URL of a broker alone
   */
  mqtt,
});
