import type { ItemTime } from '../../time/pending-times.js';

/** What is known of the time of the inputs of a run. */
export interface InputTimes {
  /** Of what was polled: when, in milliseconds since 1970. */
  readonly polledAtMs: number;
  /** Of results behind a mapAsync stage whose items have a time: that of each input. */
  readonly items: readonly ItemTime[];
}

/** Of inputs whose stages ask for none. */
export const NO_TIMES: InputTimes = { polledAtMs: Number.NaN, items: [] };
