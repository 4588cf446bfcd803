import { MillraceError } from '../../../errors/millrace-error.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import type { StageState, StatefulStage, StateKey } from '../../stage-state.js';

/** State without a store: in memory, bounded by nothing but the number of keys, and lost with the run. */
export class MemoryState implements StageState {
  readonly #stage: StatefulStage;
  readonly #values = new Map<StateKey, unknown>();
  /** What the key has that was asked for last: mostly that is changed in place, and set as what it was. */
  #lastKey: StateKey | undefined;
  #lastValue: unknown;

  constructor(stage: StatefulStage) {
    this.#stage = stage;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: StateKey): unknown {
    this.#lastKey = key;
    this.#lastValue = this.#values.get(key);
    return this.#lastValue;
  }

  set(key: StateKey, value: unknown): void {
    if (key === this.#lastKey && value === this.#lastValue) return;
    this.#values.set(key, value);
    this.#lastKey = undefined;
  }

  remove(key: StateKey): void {
    this.#values.delete(key);
    this.#lastKey = undefined;
  }

  /** By a copy that the codec makes, as it would for a store. */
  restorer(key: StateKey): () => void {
    const value = this.#values.get(key);
    if (value === undefined) return () => this.remove(key);
    const { codec } = this.#stage;
    const copy = this.#coded(() => {
      const bytes = codec.encode(value);
      refusePromise(bytes, 'encode');
      return bytes;
    });
    return () =>
      this.set(
        key,
        this.#coded(() => codec.decode(copy)),
      );
  }

  #coded<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      const { code, message, advice } = MillraceError.from(error, 'USER_FUNCTION_FAILED');
      throw new MillraceError(code, `the state of stage "${this.#stage.name}" cannot be copied: ${message}`, {
        cause: error,
        advice: `Copies undo what an item did to it: a stage gives items up (onError). ${advice ?? 'Its codec has failed.'}`,
      });
    }
  }
}
