import type { Pane } from './window-state.js';

/**
 * How the times of a state are stored: as what they are behind its `origin`, in units. Of windows that slide these are few, so a time is one
 * byte, mostly.
 */
export interface StoredTimes {
  /** Of the times of panes. Others are in milliseconds. */
  readonly unit: number;
  /** From `from` to `to` of a pane that has what came in time; NaN where none is usual. */
  readonly usualSpan: number;
  /** Of a state that is stored for the first time. */
  originOf(panes: readonly Pane[]): number;
}

/** @param lengths as `lengthsOf` has them. Sessions begin and end at any time, and a difference of such may be none that is exact. */
export const timesOf = ([slide = 0, slides = 1]: readonly number[]): StoredTimes =>
  slide === 0
    ? { unit: 1, usualSpan: Number.NaN, originOf: () => 0 }
    : { unit: slide, usualSpan: slide * (slides - 1), originOf: ([first]) => first?.to ?? Number.NaN };
