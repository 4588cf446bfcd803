import { corruptState } from '../../../errors/corrupt-state.js';
import type { IndexEntry } from '../../../pipeline/timers/timer-index.js';
import type { StoreRecord } from '../../../store/store.js';
import { entryKey, keyOfText } from './entry-key.js';
import { numberKey } from './number-key.js';

/** Times from before 1970 have a key as well. */
const OFFSET = 2 ** 52;
const DIGITS = 16;

/** Where a key stands in the order of timers, and what stands there: the key itself where the place has only its digest. */
export const dueRecord = (prefix: string, { at, key }: IndexEntry, maxBytes: number): StoreRecord => {
  const { storeKey, fullText } = entryKey(`${timePrefix(prefix, at)}/`, key, maxBytes);
  return { key: storeKey, value: fullText === undefined ? NOTHING : Buffer.from(fullText, 'utf16le') };
};

/** Below all that are due at that time. */
export const timePrefix = (prefix: string, at: number): string => `${prefix}${numberKey(at + OFFSET)}`;

/** Back from `dueRecord`. @throws MillraceError STORE_CORRUPT */
export const readDue = (prefix: string, { key: storeKey, value }: StoreRecord): IndexEntry => {
  const rest = storeKey.slice(prefix.length);
  const text = value.byteLength === 0 ? rest.slice(DIGITS + 1) : textOf(value);
  const key = keyOfText(text);
  const at = timeOfDue(rest);
  if (key !== undefined && Number.isSafeInteger(at)) return { at, key };
  throw corruptState(`the record ${storeKey} is that of no timer`);
};

/** Of what stands behind the prefix. */
export const timeOfDue = (rest: string): number => Number(rest.slice(0, DIGITS)) - OFFSET;

const NOTHING = new Uint8Array();

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf16le');
