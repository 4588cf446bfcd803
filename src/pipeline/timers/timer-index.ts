import type { StateKey } from '../stage-state.js';

/** A key, and when its timers are to be looked at. */
export interface IndexEntry {
  readonly at: number;
  readonly key: StateKey;
}

/** The keys of a stage that have timers, in the order of time and then of key: each is in it once. */
export interface TimerIndex {
  /** The key is not in it. */
  put(at: number, key: StateKey): void;
  /** The key is in it at that time. */
  remove(at: number, key: StateKey): void;
  /** The first of all. */
  peek(): IndexEntry | undefined;
  /** The first ones, in order. */
  first(most: number): readonly IndexEntry[];
}
