import { keyText } from '../../engine/layout/keys/entry-key.js';
import type { StateKey } from '../../pipeline/stage-state.js';

/** The name of what `keyPartition` does, in the manifest: nodes with another one would look for a key elsewhere. */
export const KEY_HASH = 'fnv1a-32';

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

const utf8 = new TextEncoder();

/** The partition of a key, from 0: FNV-1a of the UTF-8 of its text with its type, so that `1` and `'1'` are two keys. */
export const keyPartition = (key: StateKey, partitions: number): number => {
  let hash = OFFSET_BASIS;
  for (const byte of utf8.encode(keyText(key))) hash = Math.imul(hash ^ byte, PRIME);
  return (hash >>> 0) % partitions;
};
