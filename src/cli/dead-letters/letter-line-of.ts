import { visibleJson } from '../../internal/visible-text.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import { readLetter } from './read-letter.js';
import { MARK, readTopicLetter, withoutMarks } from './topic-letter.js';

/**
 * A dead letter that came as a message, as the line that stands in a file for it (`deadLetterRecord`): nothing of it is left out. A message that is
 * none is one of a letter that says so, with its payload.
 */
export const letterLineOf = (message: ReceivedMessage, nowMs: number): string =>
  `${visibleJson(recordOf(message, nowMs))}\n`;

const recordOf = (message: ReceivedMessage, nowMs: number): unknown => {
  const { topic, payload, properties } = message;
  const letter = readTopicLetter(message);
  const bytes = Buffer.from(payload);
  if (letter === undefined) {
    const error = { code: 'INVALID_MESSAGE', message: 'this message came where dead letters are, and is none' };
    const told = { timestamp: new Date(nowMs).toISOString(), origin: 'dead-letters save', topic, attempt: 1, error };
    return { ...told, payload: bytes.toString('base64'), properties: storable(properties) };
  }
  // below 5.0 it is the text of a line
  if (readLetter(bytes) !== undefined) return JSON.parse(bytes.toString());
  const marks = new Map(properties.userProperties ?? []);
  const { timestampMs, origin, attempt, error } = letter;
  return {
    timestamp: new Date(timestampMs).toISOString(),
    ...{ origin, topic: letter.topic, key: marks.get(`${MARK}key`), attempt, error },
    ...contentOf(bytes, marks.get(`${MARK}content`)),
    fields: marks.get(`${MARK}fields`),
    properties: storable({ ...properties, userProperties: withoutMarks(properties.userProperties ?? []) }),
  };
};

/** Of what a letter is: a message, a packet as it came, or an item as it was shown. */
const contentOf = (bytes: Buffer, content: string | undefined): Readonly<Record<string, string>> => {
  if (content === 'packet') return { packet: bytes.toString('base64') };
  return content === 'inspected' ? { item: bytes.toString() } : { payload: bytes.toString('base64') };
};

const storable = ({ correlationData, ...others }: ReceivedMessage['properties']): unknown =>
  correlationData === undefined
    ? others
    : { ...others, correlationData: Buffer.from(correlationData).toString('base64') };
