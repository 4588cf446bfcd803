import { Heap } from '../../internal/heap.js';
import type { StateKey } from '../stage-state.js';
import { KeysOfTime } from './keys-of-time.js';
import type { IndexEntry, TimerIndex } from './timer-index.js';

/** So many times of which no key is left may stay in the heap, besides as many as there are others. */
const MOST_STALE = 1024;

/** An index in memory: a heap of the times, and the keys of each. Keys of the same time are compared when that has come, and no sooner. */
export class MemoryTimerIndex implements TimerIndex {
  /** Has each time that has a key, and such as have none any more. A time may be in it twice. */
  readonly #heap = new Heap<number>((one, other) => one < other);
  /** By time: the only one, or several. */
  readonly #keys = new Map<number, StateKey | KeysOfTime>();

  put(at: number, key: StateKey): void {
    const known = this.#keys.get(at);
    if (known instanceof KeysOfTime) known.put(key);
    else if (known === undefined) this.#begin(at, key);
    else {
      const several = new KeysOfTime(at, known);
      several.put(key);
      this.#keys.set(at, several);
    }
  }

  remove(at: number, key: StateKey): void {
    const known = this.#keys.get(at);
    if (known instanceof KeysOfTime) {
      known.remove(key);
      if (known.size > 0) return;
    }
    this.#keys.delete(at);
  }

  peek(): IndexEntry | undefined {
    for (let at = this.#heap.first; at !== undefined; at = this.#heap.first) {
      const known = this.#keys.get(at);
      if (known !== undefined) return known instanceof KeysOfTime ? known : { at, key: known };
      this.#heap.drop();
    }
    return undefined;
  }

  first(most: number): readonly IndexEntry[] {
    const taken: IndexEntry[] = [];
    const times: number[] = [];
    for (let first = this.peek(); first !== undefined && taken.length < most; first = this.peek()) {
      if (times.at(-1) !== first.at) {
        times.push(first.at);
        taken.push(...(first instanceof KeysOfTime ? first.first(most - taken.length) : [first]));
      }
      this.#heap.drop();
    }
    for (const at of times) this.#heap.put(at);
    return taken;
  }

  #begin(at: number, key: StateKey): void {
    this.#keys.set(at, key);
    this.#heap.put(at);
    if (this.#heap.size <= 2 * this.#keys.size + MOST_STALE) return;
    this.#heap.clear();
    for (const time of this.#keys.keys()) this.#heap.put(time);
  }
}
