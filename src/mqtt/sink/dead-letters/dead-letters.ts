import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { Sink } from '../../../connector/sink.js';
import { frozenFunctions } from '../../../internal/options/frozen-functions.js';
import { refuseNoOptions } from '../../../internal/options/not-options.js';
import type { DeadLetterTopicOptions } from './dead-letter-topic-options.js';
import { fileSink } from './file-sink.js';
import { topicLetters } from './topic-letters.js';

/**
 * Destinations for what cannot be processed: `onError({ deadLetter: DeadLetters.file('rejected.jsonl') })`.
 * @namespace
 */
export const DeadLetters = frozenFunctions('DeadLetters', { topic: 1, file: 1 })({
  /**
   * Publishes to a topic. On 5.0: the original payload, content type, response topic, correlation data and user properties, as far as
   * they can be sent, without its Message Expiry Interval; and in user properties `millrace-topic`,
   * `millrace-error-code`, `millrace-error`, `millrace-attempt`, `millrace-origin`, `millrace-timestamp`. Of a malformed message the
   * payload is the raw packet, and `millrace-content` says `packet`. On 3.x: a JSON text with the same and the payload in base64. It is a
   * client of its own at the broker, and fails the job when it fails.
   *
   * Without a broker of its own it goes to that of the MQTT source or sink whose letters it gets, as the same user, with the client id of
   * that and `-letters` unless it has another.
   *
   * @throws MillraceError INVALID_OPTIONS with all problems at once in `details.problems`
   */
  topic: (options: DeadLetterTopicOptions): Sink<DeadLetter> => {
    refuseNoOptions('DeadLetters.topic', options);
    return topicLetters(options);
  },

  /**
   * Appends a line of JSON for each (payload in base64) and waits for the disk before the input is acknowledged. The file
   * is created with mode 0600. A failing disk fails the job with STORAGE_FAILED.
   */
  file: (path: string): Sink<DeadLetter> => fileSink(path),
});
