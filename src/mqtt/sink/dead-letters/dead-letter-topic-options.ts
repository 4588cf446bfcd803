import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { MqttSinkOptions } from '../options/mqtt-sink-options.js';

/** As for any MQTT sink, but for the default of `broker`; the topic is needed, messages and errors are not to choose. */
export type DeadLetterTopicOptions = Omit<MqttSinkOptions<DeadLetter>, 'topic' | 'messageFn' | 'onError'> & {
  /** Of all letters: none names one itself. */
  readonly topic: string;
};
