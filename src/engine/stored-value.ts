import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../errors/millrace-error.js';

const VERSION = 1;

/** A value as bytes: a version of this coding, then structured clone. For what the engine and the connectors store, not for users' state. */
export const encodeStored = (value: unknown): Uint8Array => {
  const body = serialize(value);
  const out = new Uint8Array(body.byteLength + 1);
  out[0] = VERSION;
  out.set(body, 1);
  return out;
};

/** @throws MillraceError STORE_CORRUPT for bytes that `encodeStored` cannot have made */
export const decodeStored = (bytes: Uint8Array): unknown => {
  if (bytes[0] !== VERSION) throw unreadable();
  try {
    return deserialize(bytes.subarray(1));
  } catch (cause) {
    throw unreadable(cause);
  }
};

const unreadable = (cause?: unknown): MillraceError =>
  new MillraceError('STORE_CORRUPT', 'a stored record is not one that this version has written', { cause });
