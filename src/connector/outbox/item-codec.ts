import { deserialize, serialize } from 'node:v8';
import { corruptState } from '../../errors/corrupt-state.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { checkStorable } from '../../internal/check-storable.js';
import { readCompact } from '../../internal/compact/compact-reader.js';
import { writeCompact } from '../../internal/compact/compact-writer.js';
import type { DeadLetter } from '../dead-letter.js';
import { decodeError, encodeError, type StoredError } from './stored-error.js';

/** Raised when the bytes mean something else. */
const VERSION = 1;
/** In its place, where the compact form follows: of small plain data, which is most of what pipelines carry. */
const COMPACTED = 2;
/** Anything else that structured clone takes. */
const ITEM = 0;
/** A dead letter: its error is of a class, which structured clone does not keep. */
const LETTER = 1;
/** A string as UTF-8: no clone is made of what needs none. */
const TEXT = 2;
const HEADER_BYTES = 2;

/** Its attributes stand beside the rest of it. */
interface StoredLetter extends Omit<DeadLetter, 'attributes' | 'error'> {
  readonly error: StoredError;
}

/**
 * An item of a pipeline as bytes: the compact form, or version, kind, then the text of a string or structured clone. A dead letter keeps
 * its error, whose cause becomes plain data.
 * @throws MillraceError STATE_NOT_STORABLE, which names the path, for what would not come back as it was
 */
export const encodeItem = (item: unknown): Uint8Array => {
  if (typeof item === 'string' && !LONE_SURROGATE.test(item)) return encodeText(item);
  const isLetter = isDeadLetter(item);
  const value: unknown = isLetter ? storedLetter(item) : item;
  checkStorable(value);
  const compact = isLetter ? undefined : writeCompact(value, COMPACTED);
  if (compact !== undefined) return compact;
  const body = serialize(value);
  const bytes = new Uint8Array(body.byteLength + HEADER_BYTES);
  bytes[0] = VERSION;
  bytes[1] = isLetter ? LETTER : ITEM;
  bytes.set(body, HEADER_BYTES);
  return bytes;
};

/** @throws MillraceError STORE_CORRUPT for bytes that `encodeItem` cannot have made */
export const decodeItem = (bytes: Uint8Array): unknown => {
  if (bytes[0] === VERSION && bytes[1] === TEXT) return decodeText(bytes);
  try {
    if (bytes[0] === COMPACTED) return readCompact(bytes, 1);
    if (bytes[0] === VERSION && bytes[1] === ITEM) return deserialize(bytes.subarray(HEADER_BYTES));
    // Only `encodeItem` writes this kind.
    if (bytes[0] === VERSION && bytes[1] === LETTER)
      return decodeLetter(deserialize(bytes.subarray(HEADER_BYTES)) as StoredLetter);
  } catch (cause) {
    throw corrupt(cause);
  }
  throw corrupt();
};

/** UTF-8 has no bytes for it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const encodeText = (text: string): Uint8Array => {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(text));
  bytes[0] = VERSION;
  bytes[1] = TEXT;
  bytes.write(text, HEADER_BYTES);
  return bytes;
};

const decodeText = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf8', HEADER_BYTES);

/** By shape, as letters are plain records: an item that has both is taken for one. */
const isDeadLetter = (item: unknown): item is DeadLetter =>
  typeof item === 'object' &&
  item !== null &&
  'error' in item &&
  item.error instanceof MillraceError &&
  'origin' in item;

const storedLetter = ({ attributes, ...letter }: DeadLetter): StoredLetter => ({
  ...attributes,
  ...letter,
  error: encodeError(letter.error),
});

const decodeLetter = (stored: StoredLetter): DeadLetter => {
  // what is left are the attributes: none has the name of a field (`checkLetter`)
  const { payload, error, attempt, timestampMs, origin, ...attributes } = stored;
  return { payload, attributes, error: decodeError(error), attempt, timestampMs, origin };
};

const corrupt = (cause?: unknown): MillraceError =>
  corruptState('a row of an outbox is not one that this version has written', cause);
