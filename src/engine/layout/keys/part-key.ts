import type { StateKey } from '../../../pipeline/stage-state.js';
import { entryKey } from './entry-key.js';
import { numberKey } from './number-key.js';

/** Behind the prefix of the stage: no key of a state begins with it (`keyText`), nor does a bundle. */
const PART = 'p';
/** Of the number of a part, and a slash. */
const NUMBER_LENGTH = 17;

/** A part of the state of a key. */
export interface PartPlace {
  /** That of the stage. */
  readonly prefix: string;
  readonly key: StateKey;
  readonly number: number;
}

/** Where it stands. Numbers have one length, so no other part of any key stands there. */
export const partKey = ({ prefix, key, number }: PartPlace, maxBytes: number): string =>
  `${partsPrefix(prefix, key, maxBytes)}${numberKey(number)}`;

/** What the keys of all parts of the state of a key begin with; a key of another one may, too. */
export const partsPrefix = (prefix: string, key: StateKey, maxBytes: number): string =>
  `${entryKey(`${prefix}${PART}`, key, maxBytes - NUMBER_LENGTH).storeKey}/`;

/** Of what stands behind the prefix of a stage: a part, and no state of a key. */
export const isPartKey = (rest: string): boolean => rest.startsWith(PART);
