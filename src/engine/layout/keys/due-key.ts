import { corruptState } from '../../../errors/corrupt-state.js';
import type { IndexEntry } from '../../../pipeline/timers/timer-index.js';
import type { StoreRecord } from '../../../store/store.js';
import { entryKey, keyOfText } from './entry-key.js';
import { AFTER_NUMBERS, numberKey } from './number-key.js';

/** Times from before 1970 have a key as well. */
const OFFSET = 2 ** 52;
const DIGITS = 16;
/** Of what stands in front of the text of a key: the time, and a slash. */
export const TIME_LENGTH = DIGITS + 1;

/** Where a key stands in the order of timers, and what stands there: the key itself where the place has only its digest. */
export const dueRecord = (prefix: string, { at, key }: IndexEntry, maxBytes: number): StoreRecord => {
  const { storeKey, fullText } = entryKey(`${timePrefix(prefix, at)}/`, key, maxBytes);
  return { key: storeKey, value: fullText === undefined ? NOTHING : Buffer.from(fullText, 'utf16le') };
};

/** The same by what stands behind the time (`readDue`). */
export const dueKey = (prefix: string, at: number, text: string): string => `${timePrefix(prefix, at)}/${text}`;

/** Above all that are due at any time, and below the bundles. */
export const behindDue = (prefix: string): string => prefix + AFTER_NUMBERS;

/** Below all that are due at that time. */
export const timePrefix = (prefix: string, at: number): string => `${prefix}${numberKey(at + OFFSET)}`;

/** Back from `dueRecord`, with what stands behind the time. @throws MillraceError STORE_CORRUPT */
export const readDue = (
  prefix: string,
  { key: storeKey, value }: StoreRecord,
): IndexEntry & { readonly text: string } => {
  const rest = storeKey.slice(prefix.length);
  const text = rest.slice(TIME_LENGTH);
  const key = keyOfText(value.byteLength === 0 ? text : textOf(value));
  const at = timeOfDue(rest);
  if (key !== undefined && Number.isSafeInteger(at)) return { at, key, text };
  throw corruptState(`the record ${storeKey} is that of no timer`);
};

/** Of what stands behind the prefix. */
export const timeOfDue = (rest: string): number => Number(rest.slice(0, DIGITS)) - OFFSET;

const NOTHING = new Uint8Array();

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf16le');
