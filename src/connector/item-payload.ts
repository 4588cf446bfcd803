import { MillraceError } from '../errors/millrace-error.js';
import { isWellFormed } from '../internal/well-formed.js';

const EMPTY = new Uint8Array(0);

/** UTF-8 bytes of a text. Small texts share a pooled buffer. @throws MillraceError INVALID_MESSAGE where it has half a surrogate pair */
export const encodeText = (text: string): Uint8Array => {
  if (text.length === 0) return EMPTY;
  const bytes = Buffer.from(text, 'utf8');
  // as many bytes as units: each is a byte of its own
  if (bytes.byteLength !== text.length && !isWellFormed(text)) throw halfPair();
  return bytes;
};

/**
 * An item as the payload of a message, where nobody says how: bytes as they are; strings, numbers, booleans and bigints as text; plain
 * objects and arrays as JSON, as long as JSON loses nothing of them.
 *
 * @throws MillraceError INVALID_MESSAGE for all else, naming the place
 */
export const itemPayload = (item: unknown): Uint8Array => {
  if (typeof item === 'string') return encodeText(item);
  if (item instanceof Uint8Array) return item;
  if (typeof item === 'number' || typeof item === 'boolean' || typeof item === 'bigint')
    return encodeText(String(item));
  if (isPlain(item)) return encodeText(toJson(item));
  throw refuse('the item', item);
};

/** Neither a primitive value nor an instance of a class. */
export const isPlain = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
};

/** For each value of the JSON, behind its `toJSON`: a date is a string by then, and null one that is no time. `this` is whose value it is. */
function checked(this: unknown, key: string, value: unknown): unknown {
  if (value === null && isInvalidDate(Object(this)[key])) throw refuse(`"${key}" of the item`, Object(this)[key]);
  const lossless =
    value === null || value === undefined || isPlain(value) || typeof value === 'string' || typeof value === 'boolean';
  if (lossless || Number.isFinite(value)) return value;
  throw refuse(`"${key}" of the item`, value);
}

const isInvalidDate = (value: unknown): boolean => value instanceof Date && Number.isNaN(value.getTime());

const toJson = (item: object): string => {
  try {
    // undefined where a toJSON of the item's own gives that
    const text: string | undefined = JSON.stringify(item, checked);
    if (text === undefined) throw refuse('what toJSON of the item gave', undefined);
    return text;
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new MillraceError('INVALID_MESSAGE', `the item cannot be written as JSON: ${text}`, {
      cause: error,
      advice: ADVICE,
    });
  }
};

const ADVICE = 'Make bytes, a text or plain data of it: in messageFn, or in a map stage before the sink.';

const halfPair = (): MillraceError =>
  new MillraceError('INVALID_MESSAGE', 'the text has half a surrogate pair, which UTF-8 has no bytes for', {
    advice: 'Give the bytes that are meant, or text.toWellFormed(), which puts U+FFFD in its place.',
  });

const refuse = (what: string, value: unknown): MillraceError => {
  if (value instanceof Promise) {
    value.catch(() => {});
    return new MillraceError('INVALID_MESSAGE', `${what} is a promise, whose text says nothing`, {
      advice: 'A function before the sink is async: use mapAsync there instead of map.',
    });
  }
  return new MillraceError('INVALID_MESSAGE', `${what} is ${nameOf(value)}, which has no text of its own`, {
    advice: ADVICE,
  });
};

const nameOf = (value: unknown): string => {
  if (value === undefined || value === null || typeof value === 'number') return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (isInvalidDate(value)) return 'an invalid date';
  return `an instance of ${value.constructor?.name || 'a class'}`;
};
