/** Where the items of a fragment leave it. */
export interface Target {
  readonly kind: 'sink' | 'async';
  readonly index: number;
}

/** Items on their way to one target. */
export interface Outlet {
  readonly target: Target;
  /** Taken away by the engine after each run. */
  items: unknown[];
  /** For each of `items`, the index of the input it came from; kept for `async` targets only. */
  origins: number[];
}

/** What one run of a fragment did. */
export interface FragmentRun {
  /** Index of the first input that was not processed. */
  readonly next: number;
  /** Set when a user function threw at input `next`; what that input had led to is not in the outlets. */
  readonly failure: { readonly stage: string; readonly cause: unknown } | undefined;
}

/**
 * The fused stages from one entry (a source, or the end of a mapAsync) to the next boundaries (sinks, mapAsync stages). One
 * closure per stage; a run is one loop over an array, and nothing is allocated per item but by the user's functions.
 */
export interface Fragment {
  readonly outlets: readonly Outlet[];
  /**
   * Runs the inputs from `start`. It stops after the input with which `budget` outputs are reached, so a bound is overshot by the
   * outputs of one input at most; a budget of 0 or less runs nothing.
   */
  run(items: readonly unknown[], start: number, budget: number): FragmentRun;
}
