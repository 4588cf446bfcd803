import { MillraceError } from '../errors/index.js';
import { isWellFormed } from '../internal/well-formed.js';
import type { StoreBatch } from './store.js';

/** The longest key, in bytes of UTF-8: what LMDB takes with pages of 4 KiB, with room to spare. */
export const MAX_KEY_BYTES = 1_500;

/** What one commit may have, in bytes of keys and values. */
export const MAX_COMMIT_BYTES = 64 * 1024 * 1024;

/**
 * The size of a batch in bytes of keys and values.
 * @param maxBytes what it may have
 * @throws MillraceError INVALID_OPTIONS: a key that is empty, too long or no well-formed string, or a batch that is too large
 */
export function checkBatch(batch: StoreBatch, maxBytes = MAX_COMMIT_BYTES): number {
  let bytes = 0;
  for (const [key, value] of batch) bytes += checkKey(key) + (value?.byteLength ?? 0);
  if (bytes > maxBytes) {
    throw new MillraceError('INVALID_OPTIONS', `a commit of ${bytes} bytes is larger than ${maxBytes}`, {
      advice: 'Put less into one commit; nothing of it was stored.',
    });
  }
  return bytes;
}

/** The size of a key in bytes. @throws MillraceError INVALID_OPTIONS */
export function checkKey(key: string): number {
  // Two ill-formed strings may have the same bytes: one record would be found under both keys.
  if (!isWellFormed(key)) throw new MillraceError('INVALID_OPTIONS', 'a key of the store is no well-formed string');
  const bytes = Buffer.byteLength(key);
  if (bytes > 0 && bytes <= MAX_KEY_BYTES) return bytes;
  throw new MillraceError('INVALID_OPTIONS', `a key of ${bytes} bytes; the store takes 1 to ${MAX_KEY_BYTES}`);
}
