import type { DeadLetter } from '../../../connector/dead-letter.js';
import { messageAttributes } from '../../protocol/message-attributes.js';

/** How the payload of a letter begins on 3.x (`deadLetterRecord`). */
const RECORD = /^\{"timestamp":"[^"]{1,32}","origin":"/;
const RECORD_BYTES = 64;
/** What each letter has on 5.0 (`deadLetterMessage`). */
const ERROR_CODE = 'millrace-error-code';

/**
 * Whether this letter, which goes to `topic`, is of a letter that came from there: who reads its own letters and rejects them has each for
 * ever. A letter of an item that does not know its topic is not recognized.
 */
export const isReadAgain = ({ payload, attributes }: DeadLetter, topic: string): boolean => {
  const { topic: from, properties } = messageAttributes(attributes);
  if (from !== topic) return false;
  const { userProperties } = properties ?? {};
  // an item that only looks like a message may have them in any shape
  if (Array.isArray(userProperties) && userProperties.some((pair) => pair?.[0] === ERROR_CODE)) return true;
  return payload !== undefined && RECORD.test(Buffer.from(payload.subarray(0, RECORD_BYTES)).toString('latin1'));
};
