import type { StageOptions } from './stage-options.js';
import type { StateKey } from './stage-state.js';
import type { StateCodec } from './state-codec.js';
import type { ClockKind } from './timers/stage-clock.js';
import type { Timer, Timers } from './timers/timers.js';

/** What a rolling aggregate gives: the key and the result so far. */
export interface Entry<K, V> {
  /** Of the item. */
  readonly key: K;
  /** The result with this item. */
  readonly value: V;
}

/** How a stage keeps its state. */
export interface StateOptions<S> extends StageOptions, ForgetOptions {
  /** Default: `StateCodecs.structuredClone()`, version 0. */
  readonly codec?: StateCodec<S>;
  /** Asked after each item, and each timer: the state of that key is forgotten when it says true. Its timers stay. */
  readonly forgetWhen?: (state: S) => boolean;
}

/** How long a stage knows a key, and how many. */
export interface ForgetOptions {
  /**
   * Keys of which it has state at most, in each partition: at an item of one more the stage has failed (`onError`), and the others go on. Default:
   * there is no bound.
   */
  readonly maxKeys?: number;
  /**
   * Milliseconds without an item of the key after which its state is forgotten, and at most an eighth of that later. It waits for the timers
   * of the key. Default: a key is kept for ever.
   */
  readonly forgetAfter?: number;
}

/** How a stage keeps its state, and what it does when a timer fires. */
export interface TimerOptions<S, K extends StateKey, R> extends StateOptions<S> {
  /**
   * Called for each timer that a function of the stage has set, when it is due: once, in the order of their times, with the state of its key. It
   * changes the state in place, gives what the function for items gives, and may set timers.
   */
  readonly onTimer?: (state: S, key: K, timer: Timer, timers: Timers) => R;
}

/** Which time a stage goes by. */
export interface ClockOptions<Timed extends boolean = boolean> {
  /**
   * Which time timers and `forgetAfter` go by: that of the machine (`processing`), or that of the items (`event`), which must have timestamps.
   * Default `processing`.
   */
  readonly clock?: [Timed] extends [true] ? ClockKind : 'processing';
}

/** How a stage that keeps an item of each key keeps it. */
export interface KeptItemOptions<T> extends StageOptions {
  /** Of the items. Default: `StateCodecs.structuredClone()`, version 0. */
  readonly codec?: StateCodec<T>;
}
