import type { DeadLetter } from '../../../connector/dead-letter.js';
import { encodeText } from '../../../connector/item-payload.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { MessageAttributes } from '../../protocol/message-attributes.js';
import type { Row } from './row.js';

/** A message that was made and cannot be delivered. */
interface RejectedRow {
  readonly row: Row;
  readonly error: MillraceError;
  readonly origin: string;
}

/** An item of which no message could be made. */
interface RejectedValue {
  readonly item: unknown;
  readonly topic: string | undefined;
  readonly index: number;
  readonly error: MillraceError;
  readonly origin: string;
}

/** The dead letter of what a sink gives up. The error names the item's index and the attempt. */
export const deadLetterOf = (rejected: RejectedRow | RejectedValue): DeadLetter => {
  const timestampMs = Date.now();
  if ('row' in rejected) {
    const { row, origin } = rejected;
    const { topic, payload, attempt } = row;
    const error = withPlace(rejected.error, { index: row.index, attempt });
    const attributes = { topic, properties: row.properties } satisfies MessageAttributes;
    return { payload, attributes, error, attempt, timestampMs, origin };
  }
  const { item, topic, index, origin } = rejected;
  const payload = typeof item === 'string' ? encodeText(item) : item instanceof Uint8Array ? item : undefined;
  const error = withPlace(rejected.error, { index, attempt: 1 });
  const attributes = { topic, properties: undefined } satisfies MessageAttributes;
  return { payload, attributes, error, attempt: 1, timestampMs, origin };
};

const withPlace = (error: MillraceError, place: { readonly index: number; readonly attempt: number }): MillraceError =>
  new MillraceError(error.code, `${error.message} (item ${place.index}, attempt ${place.attempt})`, {
    cause: error.cause,
    retryable: error.retryable,
    details: { ...error.details, ...place },
    ...(error.advice === undefined ? {} : { advice: error.advice }),
    ...(error.reasonCode === undefined ? {} : { reasonCode: error.reasonCode }),
  });
