/** Of all rows that a partition is sent and has not committed, in bytes. */
const RECEIVED_BYTES = 32 * 1024 * 1024;
const MOST_WINDOW_BYTES = 1024 * 1024;
const LEAST_WINDOW_BYTES = 64 * 1024;

/** Bytes of rows that one partition may have on their way to another, of so many. */
export const windowBytes = (partitions: number): number =>
  Math.max(LEAST_WINDOW_BYTES, Math.min(MOST_WINDOW_BYTES, Math.floor(RECEIVED_BYTES / partitions)));
