/** Of `Date`, in milliseconds since 1970. */
const LATEST_MS = 8.64e15;

/** A time as ISO 8601, as far as it is one. */
export const timeText = (ms: number): string => (Math.abs(ms) <= LATEST_MS ? new Date(ms).toISOString() : `${ms} ms`);
