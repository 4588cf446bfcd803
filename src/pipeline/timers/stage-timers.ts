import type { StateKey } from '../stage-state.js';

/** The name of the timer by which a stage forgets a key; those of users are not empty. */
export const FORGET = '';

/** A timer that is due. */
export interface DueTimer {
  /** Whose it is. */
  readonly key: StateKey;
  /** As it was set; `FORGET` where the stage set it. */
  readonly name: string;
  /** When it was due. */
  readonly at: number;
}

/**
 * The timers of one stage, by key and name, as they stand within the tick. They change in the commit of what changed them, or are put back
 * with it, as state is.
 *
 * TM1. A key has one timer of a name: the one that was set last.
 * TM2. They are due in the order of time, then of key, then of name, whenever they were set.
 * TM3. What is asked of them costs the same however many there are, and only the first of them are in memory.
 */
export interface StageTimers {
  /** When that of this name is due; undefined where it is not set. */
  at(key: StateKey, name: string): number | undefined;
  /** Replaces the one of that name. `at` is a whole number. */
  set(key: StateKey, name: string, at: number): void;
  /** There need not be one. */
  clear(key: StateKey, name: string): void;
  /** When the last of the key is due, but for the one that forgets it; undefined where there is none. */
  lastAt(key: StateKey): number | undefined;
  /** Those that are set, but for the ones that forget a key. */
  readonly pending: number;
  /** Gives what puts the timers of the key back to what they are now. */
  restorer(key: StateKey): () => void;
  /**
   * Some of those that are due at `now`, in order, one of each key at most. They stay set. It looks at `most` keys at most, and moves those
   * that were set to a later time meanwhile: none need be due, and another look finds more.
   */
  due(now: number, most: number): readonly DueTimer[];
  /** Whether this is the very one that is due first. */
  isFirst(timer: DueTimer): boolean;
  /** Before then `due` gives nothing; Infinity where none is set. */
  nextAt(): number;
}
