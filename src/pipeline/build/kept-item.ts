import { MillraceError } from '../../errors/millrace-error.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import { StateCodecs } from '../codec/state-codecs.js';
import type { StateCodec } from '../state-codec.js';

/** The item that a stage keeps of a key, and a time. */
export interface KeptItem<T> {
  item: T | undefined;
  /** Milliseconds since 1970; 0 where there is none. */
  until: number;
}

/** A double. */
const UNTIL_BYTES = 8;

/** Of the state of such a stage, by the codec of its items: the time, then the item. */
export const keptItemCodec = <T>(items: StateCodec<T> = StateCodecs.structuredClone<T>()): StateCodec<KeptItem<T>> => {
  const codec = {
    version: items.version,
    // encoded after a call, when there is an item
    encode: ({ item, until }: KeptItem<T>) => withUntil(items.encode(item as T), until),
    decode: (bytes: Uint8Array) => keptItem(items.decode(bytes.subarray(UNTIL_BYTES)), bytes),
  };
  const upgrade = items.upgrade?.bind(items);
  if (upgrade === undefined) return codec;
  return { ...codec, upgrade: (bytes, version) => keptItem(upgrade(bytes.subarray(UNTIL_BYTES), version), bytes) };
};

const withUntil = (encoded: Uint8Array, until: number): Uint8Array => {
  refusePromise(encoded, 'encode');
  if (!(encoded instanceof Uint8Array)) throw new MillraceError('USER_FUNCTION_FAILED', 'encode gave no Uint8Array');
  const bytes = new Uint8Array(UNTIL_BYTES + encoded.byteLength);
  new DataView(bytes.buffer).setFloat64(0, until);
  bytes.set(encoded, UNTIL_BYTES);
  return bytes;
};

const keptItem = <T>(item: T, { buffer, byteOffset }: Uint8Array): KeptItem<T> => {
  refusePromise(item, 'decode');
  return { item, until: new DataView(buffer, byteOffset).getFloat64(0) };
};
