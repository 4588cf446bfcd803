const FIRST_WAIT_MS = 1_000;

/** How long until a failed table is tried again: a second, doubled with each failure in a row up to the longest wait. */
export const reloadWait = (failures: number, longestMs: number): number =>
  Math.min(longestMs, FIRST_WAIT_MS * 2 ** Math.min(30, failures - 1));
