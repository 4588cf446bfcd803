/**
 * When the rows of an outbox were stored, as seq and seconds since 1970 in turn, both rising: a row has the time of the last seq that is not
 * above its own. Those of one second have one entry.
 */
export type RowTimes = readonly number[];

/** So few that a head stays small; what stands still has one entry, and a backlog of days can be told by them. */
const MOST_ENTRIES = 32;

/** Rows from this seq on are stored now. Of many entries the one goes whose absence matters least: the gap that it leaves is short beside its age. */
export const withRowsStored = (times: RowTimes, from: number, nowMs: number): RowTimes => {
  const now = Math.floor(nowMs / 1000);
  // also where the clock was set back
  if (now <= (times.at(-1) ?? 0)) return times;
  const all = [...times, from, now];
  if (all.length > 2 * MOST_ENTRIES) all.splice(2 * leastMissed(all, now), 2);
  return all;
};

/** Without what says nothing of rows from `low` on. */
export const timesFrom = (times: RowTimes, low: number): RowTimes => {
  let first = 0;
  while (first + 2 < times.length && (times[first + 2] ?? low) <= low) first += 2;
  return first === 0 ? times : times.slice(first);
};

/**
 * In milliseconds since 1970; undefined where it is not known: an earlier version has stored the row. It is not after the row was stored, and
 * as long as nothing is delivered at most a second before.
 */
export const storedAt = (times: RowTimes, seq: number): number | undefined => {
  let at: number | undefined;
  for (let index = 0; index < times.length && (times[index] ?? seq) <= seq; index += 2) at = times[index + 1];
  return at === undefined ? undefined : at * 1000;
};

/** Neither the first, by which what stands still is told, nor the one that has just come. */
const leastMissed = (times: RowTimes, now: number): number => {
  const timeOf = (entry: number): number => times[2 * entry + 1] ?? now;
  let least = 1;
  let leastShare = Number.POSITIVE_INFINITY;
  for (let entry = 1; 2 * entry + 2 < times.length; entry += 1) {
    const next = timeOf(entry + 1);
    const share = (next - timeOf(entry - 1)) / (1 + now - next);
    if (share < leastShare) {
      least = entry;
      leastShare = share;
    }
  }
  return least;
};
