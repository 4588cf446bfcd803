import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../errors/millrace-error.js';
import { checkStorable } from '../internal/check-storable.js';
import type { DeadLetter } from './dead-letter.js';
import { decodeError, encodeError, type StoredError } from './stored-error.js';

/** Raised when the bytes mean something else. */
const VERSION = 1;
const ITEM = 0;
const LETTER = 1;

interface StoredLetter extends Omit<DeadLetter, 'error'> {
  readonly error: StoredError;
}

/**
 * An item of a pipeline as bytes: version, kind, then structured clone. A dead letter keeps its error, whose cause becomes plain data.
 * @throws MillraceError STATE_NOT_STORABLE, which names the path, for what would not come back as it was
 */
export const encodeItem = (item: unknown): Uint8Array => {
  const isLetter = isDeadLetter(item);
  const value: unknown = isLetter ? ({ ...item, error: encodeError(item.error) } satisfies StoredLetter) : item;
  checkStorable(value);
  const body = serialize(value);
  const bytes = new Uint8Array(body.byteLength + 2);
  bytes[0] = VERSION;
  bytes[1] = isLetter ? LETTER : ITEM;
  bytes.set(body, 2);
  return bytes;
};

/** @throws MillraceError STORE_CORRUPT for bytes that `encodeItem` cannot have made */
export const decodeItem = (bytes: Uint8Array): unknown => {
  if (bytes[0] !== VERSION) throw corrupt();
  try {
    const value: unknown = deserialize(bytes.subarray(2));
    if (bytes[1] === ITEM) return value;
    // Only `encodeItem` writes this kind.
    if (bytes[1] === LETTER) return decodeLetter(value as StoredLetter);
  } catch (cause) {
    throw corrupt(cause);
  }
  throw corrupt();
};

const isDeadLetter = (item: unknown): item is DeadLetter =>
  typeof item === 'object' &&
  item !== null &&
  'error' in item &&
  item.error instanceof MillraceError &&
  'origin' in item;

const decodeLetter = (stored: StoredLetter): DeadLetter => ({ ...stored, error: decodeError(stored.error) });

const corrupt = (cause?: unknown): MillraceError =>
  new MillraceError('STORE_CORRUPT', 'a row of an outbox is not one that this version has written', {
    cause,
    advice: 'Restore the store from a backup, or begin with a new one.',
  });
