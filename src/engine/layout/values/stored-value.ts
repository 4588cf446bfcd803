import { deserialize, serialize } from 'node:v8';
import { MillraceError } from '../../../errors/millrace-error.js';
import { readCompact } from '../../../internal/compact/compact-reader.js';
import { writeCompact } from '../../../internal/compact/compact-writer.js';

/** The first byte: structured clone follows, as in all that was written before there was the other. */
const CLONED = 1;
/** The compact encoding follows. 2 is taken: see `encodeStage`. */
const COMPACTED = 3;

/**
 * A value as bytes, small ones in the compact encoding, which takes a third of the time. For what the engine and the connectors store, not for
 * users' state.
 * @param owner whose it is, for the error
 * @throws MillraceError STATE_NOT_STORABLE for what structured clone does not take
 */
export const encodeStored = (value: unknown, owner = 'the engine'): Uint8Array =>
  writeCompact(value, COMPACTED) ?? encodeCloned(value, owner);

const encodeCloned = (value: unknown, owner: string): Uint8Array => {
  const body = serialized(value, owner);
  const out = new Uint8Array(body.byteLength + 1);
  out[0] = CLONED;
  out.set(body, 1);
  return out;
};

const serialized = (value: unknown, owner: string): Uint8Array => {
  try {
    return serialize(value);
  } catch (cause) {
    throw new MillraceError('STATE_NOT_STORABLE', `${owner} keeps a state that cannot be stored`, {
      cause,
      advice: 'A state is what structured clone takes: plain data, without functions and symbols.',
    });
  }
};

/** @throws MillraceError STORE_CORRUPT for bytes that `encodeStored` cannot have made */
export const decodeStored = (bytes: Uint8Array): unknown => {
  if (bytes[0] !== CLONED && bytes[0] !== COMPACTED) throw unreadable();
  try {
    return bytes[0] === COMPACTED ? readCompact(bytes, 1) : deserialize(bytes.subarray(1));
  } catch (cause) {
    throw unreadable(cause);
  }
};

const unreadable = (cause?: unknown): MillraceError =>
  new MillraceError('STORE_CORRUPT', 'a stored record is not one that this version has written', { cause });
