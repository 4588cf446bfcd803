import { MillraceError } from '../../errors/index.js';
import type { UserProperty } from '../../mqtt/protocol/properties.js';
import { letterProperties } from '../../mqtt/sink/dead-letters/letter-properties.js';
import type { ReceivedMessage } from '../../mqtt/source/received-message.js';
import type { ReplayedLetter } from './letter-source.js';
import { readLetter, type StoredLetter } from './read-letter.js';

/** With it begin the names of the user properties that say what is known of a letter. */
export const MARK = 'millrace-';

/**
 * A dead letter that came as a message (`deadLetterMessage`): on 5.0 its payload is that of the original and user properties say the rest, on 3.x
 * it is the text of a line. Undefined for a message that is no letter.
 */
export const readTopicLetter = ({ payload, properties }: ReceivedMessage): StoredLetter | undefined => {
  const pairs = properties.userProperties ?? [];
  const known = new Map(pairs.filter(([name]) => name.startsWith(MARK)).map(([name, value]) => [name, value]));
  const code = known.get('millrace-error-code');
  if (code === undefined) return readLetter(Buffer.from(payload));
  const timestampMs = Date.parse(known.get('millrace-timestamp') ?? '');
  const origin = known.get('millrace-origin');
  if (Number.isNaN(timestampMs) || origin === undefined) return undefined;
  const attempt = Number(known.get('millrace-attempt'));
  // a packet, or what was shown of an item
  const isOther = known.has('millrace-content');
  return {
    timestampMs,
    origin,
    attempt: Number.isSafeInteger(attempt) ? attempt : undefined,
    error: { code, message: known.get('millrace-error') ?? '' },
    topic: known.get('millrace-topic'),
    payload: isOther ? undefined : Buffer.from(payload),
    properties: letterProperties({ ...properties, userProperties: withoutMarks(pairs) }),
  };
};

export const withoutMarks = (pairs: readonly UserProperty[]): readonly UserProperty[] =>
  pairs.filter(([name]) => !name.startsWith(MARK));

/** @throws MillraceError INVALID_MESSAGE for a message that is no letter, or one that cannot be published again */
export const publishableLetter = (message: ReceivedMessage): ReplayedLetter => {
  const letter = readTopicLetter(message);
  const { payload, topic } = letter ?? {};
  if (letter !== undefined && payload !== undefined && topic !== undefined) return { ...letter, payload, topic };
  const what = letter === undefined ? 'is no dead letter' : 'is a letter without a payload or a topic';
  throw new MillraceError(
    'INVALID_MESSAGE',
    `a message of ${message.topic} ${what}: there is nothing to publish again`,
    {
      advice: 'Have such ones put into a file by --dead-letters.',
    },
  );
};
