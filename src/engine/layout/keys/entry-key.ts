import { keyText } from '../../../pipeline/key-text.js';
import type { StateKey } from '../../../pipeline/stage-state.js';
import { digestOf, fitsKey } from './key-text.js';

/** The key of a text that `keyText` has made; undefined for any other. */
export const keyOfText = (text: string): StateKey | undefined => {
  const rest = text.slice(1);
  switch (text[0]) {
    case 's':
      return rest;
    case 'n':
      return keyText(Number(rest)) === text ? Number(rest) : undefined;
    case 'i':
      return /^-?\d+$/.test(rest) ? BigInt(rest) : undefined;
    case 'b':
      return rest === 't' || (rest === 'f' ? false : undefined);
    default:
      return undefined;
  }
};

/** Where the state of a key is in the store. */
export interface EntryKey {
  /** Fits the store, and no other key of the stage has it. */
  readonly storeKey: string;
  /** The whole key where `storeKey` has only its digest: it is kept with the state, and compared when that is read. */
  readonly fullText: string | undefined;
}

/** `prefix` is that of the stage; a key of the store has so many bytes at most. */
export const entryKey = (prefix: string, key: StateKey, maxBytes: number): EntryKey => {
  const text = keyText(key);
  if (fitsKey(prefix, text, maxBytes)) return { storeKey: prefix + text, fullText: undefined };
  return { storeKey: `${prefix}h${digestOf(text)}`, fullText: text };
};
