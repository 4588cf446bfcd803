import { createHash } from 'node:crypto';
import { MillraceError } from '../../../errors/millrace-error.js';
import { isWellFormed } from '../../../internal/well-formed.js';

/** What a name may take of it, encoded: the rest is left to what stands under the name. */
const MAX_NAME_BYTES = 500;
/** A unit of UTF-16 is three bytes of UTF-8 at most. */
const MAX_UNIT_BYTES = 3;

/**
 * The first part of a key: a name that `/` cannot end.
 * @throws MillraceError INVALID_OPTIONS for a name that no key can have
 */
export const namePart = (name: string): string => {
  const encoded = isWellFormed(name) ? encodeURIComponent(name) : undefined;
  if (encoded !== undefined && encoded.length > 0 && encoded.length <= MAX_NAME_BYTES) return encoded;
  throw new MillraceError('INVALID_OPTIONS', `"${name.slice(0, 60)}" cannot be the name of something that is stored`, {
    advice: `Give it a name (setName, a client id) of well-formed text, whose percent-encoding has 1 to ${MAX_NAME_BYTES} bytes.`,
  });
};

/** Whether `prefix + text` can be a key, of so many bytes, that is the key of no other text. */
export const fitsKey = (prefix: string, text: string, maxBytes: number): boolean => {
  if (!isWellFormed(text)) return false;
  if (prefix.length + text.length * MAX_UNIT_BYTES <= maxBytes) return true;
  return Buffer.byteLength(prefix) + Buffer.byteLength(text) <= maxBytes;
};

/** What stands for a text that does not fit. Lone surrogates count, so it is made of the UTF-16. */
export const digestOf = (text: string): string =>
  createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('base64url');
