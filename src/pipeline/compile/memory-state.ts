import type { StageState, StateKey, StateOf } from '../stage-state.js';

/** State without a store: in memory, bounded by nothing but the number of keys, and lost with the run. */
class MemoryState implements StageState {
  readonly #values = new Map<StateKey, unknown>();

  get(key: StateKey): unknown {
    return this.#values.get(key);
  }

  set(key: StateKey, value: unknown): void {
    this.#values.set(key, value);
  }

  remove(key: StateKey): void {
    this.#values.delete(key);
  }
}

/** For jobs without a guarantee. */
export const memoryStateOf: StateOf = () => new MemoryState();
