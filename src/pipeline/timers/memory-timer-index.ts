import type { StateKey } from '../stage-state.js';
import { KeysOfTime } from './keys-of-time.js';
import type { IndexEntry, TimerIndex } from './timer-index.js';

/** So many times of which no key is left may stay in the heap, besides as many as there are others. */
const MOST_STALE = 1024;

/** An index in memory: a heap of the times, and the keys of each. Keys of the same time are compared when that has come, and no sooner. */
export class MemoryTimerIndex implements TimerIndex {
  /** Has each time that has a key, and such as have none any more. A time may be in it twice. */
  #heap: number[] = [];
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
    for (let at = this.#heap[0]; at !== undefined; at = this.#heap[0]) {
      const known = this.#keys.get(at);
      if (known !== undefined) return known instanceof KeysOfTime ? known : { at, key: known };
      this.#pop();
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
      this.#pop();
    }
    for (const at of times) this.#push(at);
    return taken;
  }

  #begin(at: number, key: StateKey): void {
    this.#keys.set(at, key);
    this.#push(at);
    if (this.#heap.length > 2 * this.#keys.size + MOST_STALE)
      this.#heap = [...this.#keys.keys()].sort((one, other) => one - other);
  }

  #push(time: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(time);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const other = heap[parent];
      if (other === undefined || other <= time) break;
      heap[at] = other;
      at = parent;
    }
    heap[at] = time;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const smaller = heap[child];
      if (smaller === undefined || smaller >= last) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }

  #smallerChild(at: number): number {
    const left = 2 * at + 1;
    const [one, other] = [this.#heap[left], this.#heap[left + 1]];
    return one !== undefined && other !== undefined && other < one ? left + 1 : left;
  }
}
