import type { StateKey } from '../../pipeline/stage-state.js';
import type { PartRange } from '../../pipeline/state-parts.js';
import type { EntryKey } from '../layout/keys/entry-key.js';
import type { Place } from './state-place.js';

/** What an entry takes besides its key and its value, roughly. */
const ENTRY_BYTES = 160;
/** A value takes about so many times the memory of its encoding. */
const VALUE_FACTOR = 2;

/** The state of one key in memory: the one instance that there is. */
export interface StateEntry {
  /** As the stage gave it. */
  readonly key: StateKey;
  /** Where it is stored. Undefined of most that are stored by themselves: it is made anew when they change, and would be a quarter of their memory. */
  at: EntryKey | undefined;
  /** Undefined: there is none, or it was removed. */
  value: unknown;
  /** An estimate: functions change values in place, so their size is known when they are encoded and no sooner. */
  bytes: number;
  /** Since the last seal. */
  changed: boolean;
  /** Which young generation of the cache it came into last; `NEVER_CACHED` for none. */
  generation: number;
  /** The seal that had it last; `NEVER_SEALED` for what was read and has not changed since. */
  sealedIn: number;
  /** Among the bundles, where it has been in one. */
  place: Place | undefined;
  /** The parts that are stored of it; undefined: none. */
  parts: PartRange | undefined;
}

/** Long before the first. */
export const NEVER_SEALED = -1_000_000;

/** Before the first. */
export const NEVER_CACHED = -1;

/** `encodedBytes` of its value as it was stored last; of a usual value when it never was. */
export const weightOf = ({ storeKey }: EntryKey, encodedBytes: number): number =>
  ENTRY_BYTES + 2 * storeKey.length + VALUE_FACTOR * encodedBytes;
