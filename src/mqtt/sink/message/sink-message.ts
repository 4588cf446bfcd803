import type { UserProperties } from '../../connection/options/connect-options.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';

/**
 * The properties of MQTT 5.0 that a publisher sets, named as in MQTT.js. Those of a received message are taken too, without what belongs to
 * its connection.
 */
export interface MessageProperties {
  /** True or 1: the payload is UTF-8 text. */
  readonly payloadFormatIndicator?: boolean | 0 | 1 | undefined;
  /** Seconds. */
  readonly messageExpiryInterval?: number | undefined;
  /** Of the payload, such as `application/json`: a word between the two ends. */
  readonly contentType?: string | undefined;
  /** Where an answer is expected. */
  readonly responseTopic?: string | undefined;
  /** Which request an answer belongs to. */
  readonly correlationData?: Uint8Array | undefined;
  /** Pairs of names and values; a name may come twice. */
  readonly userProperties?: UserProperties | undefined;
}

/**
 * What `messageFn` returns for an item. A `Uint8Array` payload and the properties must not be changed afterwards: they are
 * kept until the broker has confirmed the message.
 */
export interface SinkMessage {
  /** Text is sent as UTF-8. */
  readonly payload: string | Uint8Array;
  /** Default: the sink's `qualityOfService`. */
  readonly qos?: QualityOfService | undefined;
  /** Default: the sink's `retain`. */
  readonly retain?: boolean | undefined;
  /** Default: the sink's `topic`. */
  readonly topic?: string | undefined;
  /**
   * MQTT 5.0. On a 3.x connection there is no place for them: the message goes out without, which is told once on the
   * diagnostics channel `millrace:properties-dropped` and counted in `millrace_sink_properties_dropped_total`.
   */
  readonly properties?: MessageProperties | undefined;
  /**
   * When `messageExpiryInterval` began to count, in milliseconds since 1970; default: now. A message that is handed on has that of its
   * receipt (`ReceivedMessage.receivedAtMs`), so that the time for which it was held counts (R23). A message that expires before it is
   * sent is dropped, to a 3.x broker too: `millrace:message-expired`, `millrace_sink_dropped_total` with the reason `expired`.
   */
  readonly timestampMs?: number | undefined;
}

/** Makes a message of an item. What it throws is handled by the sink's `onError`. */
export type MessageFn<T> = (item: T) => SinkMessage;
