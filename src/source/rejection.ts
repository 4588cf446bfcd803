import type { DeadLetter } from '../connector/dead-letter.js';
import { MillraceError } from '../errors/millrace-error.js';
import type { MessageEvent } from '../protocol/session/session-event.js';

/** The error of a message that one of the user's functions failed on. */
export const userFunctionError = (
  part: 'mapToItemFn' | 'deduplicateBy',
  topic: string,
  { position, cause }: { readonly position: number; readonly cause: unknown },
): MillraceError => {
  const text = cause instanceof Error ? cause.message : String(cause);
  const where = `on a message of topic "${topic}" at position ${position}`;
  return new MillraceError('USER_FUNCTION_FAILED', `${part} failed ${where}: ${text}`, {
    cause,
    advice: (cause instanceof MillraceError ? cause.advice : undefined) ?? MEND,
    details: { topic, position },
  });
};

const MEND = "The message is not acknowledged. Mend the function, or give onError('skip') or onError({ deadLetter })";

/** All that is known of the message; the payload is a copy. */
export const deadLetterOf = (event: MessageEvent, error: MillraceError, origin: string): DeadLetter => ({
  topic: event.topic,
  payload: new Uint8Array(event.payload),
  properties: event.properties,
  error,
  attempt: 1,
  timestampMs: Date.now(),
  origin,
});
