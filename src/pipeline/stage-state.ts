import type { StateCodec } from './state-codec.js';

/** What may be a grouping key. Keys of different types are different keys: `1` is not `'1'`. NaN is none, and `-0` is `0`. */
export type StateKey = string | number | bigint | boolean;

/**
 * The state of one stage by key, as it stands within the tick. A value is the caller's own object: it may be changed in place, and
 * `set` says that it was. Nothing of it is seen by others. `undefined` is no value.
 */
export interface StageState {
  get(key: StateKey): unknown;
  set(key: StateKey, value: unknown): void;
  remove(key: StateKey): void;
}

/** A stage that keeps state. Its name must stay the same from run to run: the state is stored under it. */
export interface StatefulStage {
  readonly name: string;
  readonly codec: StateCodec<unknown>;
}

/** Gives the state of a stage. Asked once for each when a pipeline is compiled. */
export type StateOf = (stage: StatefulStage) => StageState;
