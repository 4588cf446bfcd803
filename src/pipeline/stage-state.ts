import type { StateCodec } from './state-codec.js';
import type { StateForm } from './state-form.js';
import type { StateParts } from './state-parts.js';
import type { KeptWindows } from './windows/kept-windows.js';

/** What may be a grouping key. Keys of different types are different keys: `1` is not `'1'`. NaN is none, and `-0` is `0`. */
export type StateKey = string | number | bigint | boolean;

/**
 * The state of one stage by key, as it stands within the tick. A value is the caller's own object: it may be changed in place, and
 * `set` says that it was. Nothing of it is seen by others. `undefined` is no value.
 */
export interface StageState {
  /** How many keys have some. */
  readonly size: number;
  /** Undefined where there is none. It may be changed in place, and given to `set` then. */
  get(key: StateKey): unknown;
  /** The state of the key is this from now on, and has changed. */
  set(key: StateKey, value: unknown): void;
  /** The key has none from now on. */
  remove(key: StateKey): void;
  /**
   * Gives what puts the state of the key back to what it is now, however it is changed until then. Asked before a function sees it, in the
   * middle of nothing: what is stored need not be copied.
   * @throws MillraceError STATE_NOT_STORABLE where it has to be copied and cannot be
   */
  restorer(key: StateKey): () => void;
}

/** A stage that keeps state. Its name must stay the same from run to run: the state is stored under it. */
export interface StatefulStage {
  /** The store knows its states by it. */
  readonly name: string;
  /** How a state becomes bytes. */
  readonly codec: StateCodec<unknown>;
  /** Set where it may be stored in several records. */
  readonly parts?: StateParts;
  /** Whether it keeps timers. */
  readonly timed: boolean;
  /** Set where a state is that of windows. */
  readonly windows?: KeptWindows;
  /** Set where it is not, but of a stage's timers. */
  readonly form?: StateForm;
  /** Set where it keeps others by the clock of the machine, for early results. */
  readonly early?: true;
}
