import type { Portions } from '../tick/portions.js';

/** Items of one input at once: some milliseconds of work. */
const MOST_OUTPUTS = 1024;

/** Portions of a job without a store: all that there is room for. What they lead to holds its frame in the lanes, and need not be kept. */
export const DIRECT_PORTIONS: Portions = {
  next: (room) => ({ inputs: Number.POSITIVE_INFINITY, outputs: Math.max(1, Math.min(room, MOST_OUTPUTS)) }),
  keep: () => undefined,
};
