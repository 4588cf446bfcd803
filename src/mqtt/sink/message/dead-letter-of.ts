import type { DeadLetter } from '../../../connector/dead-letter.js';
import { letterOfItem } from '../../../connector/letter-of-item.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { MessageAttributes } from '../../protocol/message-attributes.js';
import type { Row, RowContent } from './row.js';

/** A message that was made and cannot be delivered. */
interface RejectedRow {
  readonly row: Row;
  readonly error: MillraceError;
  readonly origin: string;
}

/** An item of which no message could be made, or one that cannot be sent. */
interface RejectedValue {
  readonly item: unknown;
  /** What was made of it. */
  readonly content?: RowContent | undefined;
  /** Of the sink, for items that name none. */
  readonly topic: string | undefined;
  readonly index: number;
  readonly error: MillraceError;
  readonly origin: string;
}

/**
 * The dead letter of what a sink gives up: the message, or the item where there is none. The error names the sink, the item's
 * index, the topic of the message and the attempt.
 */
export const deadLetterOf = (rejected: RejectedRow | RejectedValue): DeadLetter => {
  if ('row' in rejected) {
    const { row, origin } = rejected;
    const { topic, index, attempt } = row;
    return letterOfMessage(row, {
      error: withPlace(rejected.error, { sink: origin, topic, index, attempt }),
      attempt,
      origin,
    });
  }
  const { item, content, topic, index, origin } = rejected;
  const error = withPlace(rejected.error, { sink: origin, topic: content?.topic, index, attempt: 1 });
  if (content !== undefined) return letterOfMessage(content, { error, attempt: 1, origin });
  const letter = letterOfItem({ item, error, attempt: 1, origin });
  return { ...letter, attributes: { ...letter.attributes, topic: letter.attributes.topic ?? topic } };
};

const letterOfMessage = (
  { topic, payload, properties }: Pick<RowContent, 'topic' | 'payload'> & Partial<Pick<RowContent, 'properties'>>,
  why: Pick<DeadLetter, 'error' | 'attempt' | 'origin'>,
): DeadLetter => {
  const attributes = { topic, properties } satisfies MessageAttributes;
  return { payload, attributes, ...why, timestampMs: Date.now() };
};

/** Where it was given up. */
interface Place {
  readonly sink: string;
  /** Undefined: no message was made. */
  readonly topic: string | undefined;
  readonly index: number;
  readonly attempt: number;
}

/** A broker's refusal names the topic already. */
const withPlace = (error: MillraceError, { sink, topic, index, attempt }: Place): MillraceError => {
  const named = topic === undefined || error.details?.topic !== undefined ? '' : `, to topic "${topic}"`;
  return new MillraceError(
    error.code,
    `${error.message} (item ${index} of sink "${sink}"${named}, attempt ${attempt})`,
    {
      cause: error.cause,
      retryable: error.retryable,
      details: { ...(topic === undefined ? {} : { topic }), ...error.details, sink, index, attempt },
      ...(error.advice === undefined ? {} : { advice: error.advice }),
      ...(error.reasonCode === undefined ? {} : { reasonCode: error.reasonCode }),
    },
  );
};
