import type { DeadLetter } from '../../../connector/dead-letter.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { MessageAttributes } from '../../protocol/message-attributes.js';
import type { MessageEvent } from '../../protocol/session/session-event.js';

/** What a user makes items with, by the names of the steps. */
export type AskedFunction = 'mapToItemFn' | 'schema' | 'deduplicateBy';

/** The error of a message that one of the user's functions failed on. */
export const userFunctionError = (
  part: AskedFunction,
  topic: string,
  { position, cause }: { readonly position: number; readonly cause: unknown },
): MillraceError => {
  const { message: text } = MillraceError.from(cause);
  const where = `on a message of topic "${topic}" at position ${position}`;
  return new MillraceError('USER_FUNCTION_FAILED', `${part} failed ${where}: ${text}`, {
    cause,
    advice: (cause instanceof MillraceError ? cause.advice : undefined) ?? MEND,
    details: { ...(cause instanceof MillraceError ? cause.details : {}), topic, position },
  });
};

const MEND = "The message is not acknowledged. Mend the function, or give onError('skip') or onError({ deadLetter })";

/** The error of a message that is none by the specification (R22). */
export const malformedMessage = (
  { topic, qos, rejection }: MessageEvent,
  source: string,
): MillraceError | undefined => {
  if (rejection === undefined) return undefined;
  const which = topic === '' ? 'a message whose topic cannot be read' : `a message of topic "${topic}"`;
  const { error, raw } = rejection;
  return new MillraceError('MALFORMED_MESSAGE', `source "${source}": ${which} is malformed: ${error.message}`, {
    cause: error,
    advice: MEND_PUBLISHER,
    details: { source, topic: topic === '' ? undefined : topic, qos, bytes: raw.length },
  });
};

const MEND_PUBLISHER =
  "Mend its publisher, or give onError('skip') or onError({ deadLetter }), whose letters have the packet as it came.";

/** All that is known of the message; the payload is a copy. */
export const deadLetterOf = (event: MessageEvent, error: MillraceError, origin: string): DeadLetter => ({
  payload: new Uint8Array(event.payload),
  attributes: {
    topic: event.topic === '' ? undefined : event.topic,
    properties: event.properties,
    raw: event.rejection?.raw,
  } satisfies MessageAttributes,
  error,
  attempt: 1,
  timestampMs: Date.now(),
  origin,
});
