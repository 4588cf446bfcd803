/** What may be a grouping key. Keys of different types are different keys: `1` is not `'1'`. */
export type StateKey = string | number | bigint | boolean;

/**
 * The state of one stage by key, as it stands within the tick. A value is the caller's own object: it may be changed in place, and
 * `set` says that it was. Nothing of it is seen by others.
 */
export interface StageState {
  get(key: StateKey): unknown;
  set(key: StateKey, value: unknown): void;
  remove(key: StateKey): void;
}

/** Gives the state of a stage by its name, which must stay the same from run to run. */
export type StateOf = (stage: string) => StageState;
