import type { StoreMoment } from '../store.js';

/** Says of a key whether its record is to be looked at. */
export type WantedKey = (key: string) => boolean;

/**
 * What a partition has, for somebody who does not own it. Each record comes once, in no order, as of one moment. What cannot be read is left out,
 * and told in `problems`, which is whole when the last record has come; nothing is thrown for damage.
 */
export type RecordLook = StoreMoment;
