import { keyText } from '../../pipeline/key-text.js';
import type { StateKey } from '../../pipeline/stage-state.js';

/** The name of what `keyPartition` does, in the manifest: nodes with another one would look for a key elsewhere. */
export const KEY_HASH = 'fnv1a-32-mixed';

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

const utf8 = new TextEncoder();

/** The partition of a key, from 0, by the UTF-8 of its text with its type, so that `1` and `'1'` are two keys. */
export const keyPartition = (key: StateKey, partitions: number): number =>
  mixed(fnv1a(utf8.encode(keyText(key)))) % partitions;

/** FNV-1a of 32 bits. */
export const fnv1a = (bytes: Uint8Array): number => {
  let hash = OFFSET_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
};

/**
 * Each bit of a hash into all of them. The lowest bits of FNV-1a depend on the lowest bits of the bytes alone: without it `7/7`, `8/8` and
 * all such keys were in one of two partitions. (The end of MurmurHash3.)
 */
const mixed = (hash: number): number => {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
};
