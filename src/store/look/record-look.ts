import type { MillraceError } from '../../errors/index.js';
import type { StoreRecord } from '../store.js';

/** Says of a key whether its record is to be looked at. */
export type WantedKey = (key: string) => boolean;

/**
 * What a partition has, for somebody who does not own it. Each record comes once, in no order, as of one moment. What cannot be read is left out,
 * and told in `problems`, which is whole when the last record has come.
 */
export interface RecordLook {
  /** The records whose keys are wanted. Never throws for damage. */
  records(wanted: WantedKey): AsyncIterable<StoreRecord>;
  /** What was found damaged or gone so far, each once. */
  readonly problems: readonly MillraceError[];
}
