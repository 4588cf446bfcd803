/** A timer of a key, as `onTimer` is told of it. */
export interface Timer {
  /** As it was set. */
  readonly name: string;
  /** When it was due, in milliseconds since 1970. It may have fired later: after a restart, or where there was no room. */
  readonly at: number;
}

/** What a function of a stage with state sees of time. It is for the call alone, and for the key of the call. */
export interface Timers {
  /** The present time in milliseconds since 1970, by the clock of the stage. It does not go back, and stands still during the call. */
  readonly now: number;
  /**
   * Calls `onTimer` for this key at `at`, in milliseconds since 1970, or as soon as that is past. A key has one timer of a name: an earlier
   * one is replaced. It is durable where the state is, in the same commit.
   * @throws MillraceError USER_FUNCTION_FAILED without `onTimer`, for a name that is no text of 1 to 100 characters, for an `at` that is no time,
   *   or is more than 100 years ahead, and for the 101st name of a key
   */
  set(name: string, at: number): void;
  /** Takes back the timer of that name; there need not be one. */
  clear(name: string): void;
}
