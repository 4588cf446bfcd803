import type { StateKey } from '../../stage-state.js';
import type { ItemTime, PendingTimes } from '../../time/pending-times.js';
import type { InputTimes } from '../steps/input-times.js';

/** Where the items of a fragment leave it. */
export interface Target {
  /** Whether `index` counts sinks or mapAsync stages. */
  readonly kind: 'sink' | 'async';
  /** In the plan. */
  readonly index: number;
}

/** Items on their way to one target. */
export interface Outlet {
  /** Where the items go. */
  readonly target: Target;
  /** Taken away by the engine after each run. */
  items: unknown[];
  /** For each of `items`, the index of the input it came from; kept for `async` targets only. */
  origins: number[];
  /** For each of `items` its time; kept for `async` targets only, where items have one. */
  times: ItemTime[];
  /** Of such a target: knows the times of all that are on their way to it. */
  readonly pending?: PendingTimes | undefined;
}

/** What one run of a fragment did. */
export interface FragmentRun {
  /** Index of the first input that was not processed, or not to its end. */
  readonly next: number;
  /** Input `next` has led to a part of its outputs. The next run must be given the same items, from there on, and leads to the rest. */
  readonly paused: boolean;
  /** Set when a user function threw at input `next`; what that input had led to in this run is not in the outlets. */
  readonly failure: FragmentFailure | undefined;
  /** Inputs before `next` that were given up, in order: nothing they led to is in the outlets, and nothing in a state. */
  readonly rejected: readonly RejectedByStage[];
}

/** An item that a stage failed at which does not fail the job; its input is given up. */
export interface RejectedByStage {
  /** Of the input. */
  readonly index: number;
  /** The stage, by its id, under which the plan has what happens to the item. */
  readonly vertex: number;
  /** By its name, for the error. */
  readonly stage: string;
  /** What came to the stage. */
  readonly item: unknown;
  /** Of the item, where the stage keeps state. */
  readonly key?: StateKey | undefined;
  /** What the function threw. */
  readonly cause: unknown;
}

/** Which function threw what. */
export interface FragmentFailure {
  /** By its name, for the error. */
  readonly stage: string;
  /** What the function threw. */
  readonly cause: unknown;
  /** A state may be half changed: the input had come to a stage that keeps one. */
  readonly touchedState: boolean;
}

/** How far a run may go. */
export interface RunLimits {
  /** Outputs after which no further input is begun. 0 or less runs nothing but a paused input. */
  readonly budget: number;
  /** Items out of `flatMap` after which a run pauses in the middle of an input: one that leads to a million takes many runs. */
  readonly pauseAfter: number;
}

/**
 * The fused stages from one entry (a source, or the end of a mapAsync) to the next boundaries (sinks, mapAsync stages). One
 * closure per stage; a run is one loop over an array, and nothing is allocated per item but by the user's functions.
 */
export interface Fragment {
  /** One for each target behind it. */
  readonly outlets: readonly Outlet[];
  /** Takes away, after each run, the stage of each item that came too late for a window of it. */
  takeLate(): readonly string[];
  /**
   * Runs the inputs from `start`. It stops after the input with which `budget` outputs are reached, or in the middle of one between
   * two items of a `flatMap`.
   */
  run(items: readonly unknown[], start: number, limits: RunLimits, times?: InputTimes): FragmentRun;
}
