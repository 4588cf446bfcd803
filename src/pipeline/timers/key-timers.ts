import type { Timer } from './timers.js';

/** The timers of one key. It is replaced and never changed, so it can be kept as what was. */
export interface KeyTimers {
  /** Where the index has the key: when the first of them is due, or before, if that was set to a later time meanwhile. */
  readonly wake: number;
  /** In the order of time, then of name; at least one. */
  readonly timers: readonly Timer[];
}

/** Those without the one of a name. */
export const without = (timers: readonly Timer[], name: string): readonly Timer[] =>
  timers.filter((timer) => timer.name !== name);

/** Those with one more, of a name that none of them has. */
export const withTimer = (timers: readonly Timer[], timer: Timer): readonly Timer[] => {
  const behind = timers.findIndex((other) => isBefore(timer, other));
  return behind < 0 ? [...timers, timer] : [...timers.slice(0, behind), timer, ...timers.slice(behind)];
};

const isBefore = (one: Timer, other: Timer): boolean =>
  one.at < other.at || (one.at === other.at && one.name < other.name);
