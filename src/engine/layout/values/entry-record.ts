import { MillraceError } from '../../../errors/millrace-error.js';
import type { EntryKey } from '../keys/entry-key.js';
import { decodeVersioned, type Encoded, type Encoding, withVersion } from './versioned-record.js';

/** Length of the full key in bytes (32 bits), where there is one. */
const LENGTH_BYTES = 4;

/**
 * What stands in the store for a state: its bytes, behind the full key when the store's key is only a digest.
 * @param encoded by `encodeBody`
 */
export const makeRecord = ({ fullText }: EntryKey, encoded: Encoded): Uint8Array => {
  const body = withVersion(encoded);
  if (fullText === undefined) return body;
  const text = Buffer.from(fullText, 'utf16le');
  const record = Buffer.allocUnsafe(LENGTH_BYTES + text.byteLength + body.byteLength);
  record.writeUInt32LE(text.byteLength, 0);
  record.set(text, LENGTH_BYTES);
  record.set(body, LENGTH_BYTES + text.byteLength);
  return record;
};

/** @throws MillraceError as `decodeVersioned`; STORE_CORRUPT when the record is that of another key */
export const decodeRecord = (encoding: Encoding, { fullText, storeKey }: EntryKey, bytes: Uint8Array): unknown => {
  if (fullText === undefined) return decodeVersioned(encoding, bytes);
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = LENGTH_BYTES + record.readUInt32LE(0);
  if (record.toString('utf16le', LENGTH_BYTES, end) === fullText) return decodeVersioned(encoding, bytes.subarray(end));
  throw new MillraceError('STORE_CORRUPT', `${encoding.owner}: the record at ${storeKey} is that of another key`);
};
