import { keyText } from '../key-text.js';
import type { StateKey } from '../stage-state.js';
import type { IndexEntry, TimerIndex } from './timer-index.js';

interface Entry extends IndexEntry {
  /** Orders keys of the same time. */
  readonly text: string;
}

/** So many entries that are removed may stay in the heap, besides as many as there are others. */
const MOST_STALE = 1024;

/** An index in memory: a heap, in which what is removed stays until it comes to the front, or until there is much of it. */
export class HeapTimerIndex implements TimerIndex {
  #heap: Entry[] = [];
  /** Those that were not removed. */
  readonly #live = new Map<StateKey, Entry>();

  put(at: number, key: StateKey): void {
    const entry: Entry = { at, key, text: keyText(key) };
    this.#live.set(key, entry);
    this.#push(entry);
    if (this.#heap.length > 2 * this.#live.size + MOST_STALE) this.#rebuild();
  }

  remove(_at: number, key: StateKey): void {
    this.#live.delete(key);
  }

  peek(): IndexEntry | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#live.get(first.key) === first) return first;
      this.#pop();
    }
    return undefined;
  }

  first(most: number): readonly IndexEntry[] {
    const taken: Entry[] = [];
    while (taken.length < most && this.peek() !== undefined) {
      const [first] = this.#heap;
      if (first !== undefined) taken.push(first);
      this.#pop();
    }
    for (const entry of taken) this.#push(entry);
    return taken;
  }

  #rebuild(): void {
    this.#heap = [];
    for (const entry of this.#live.values()) this.#push(entry);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const other = heap[parent];
      if (other === undefined || !isBefore(entry, other)) break;
      heap[at] = other;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }

  #smallerChild(at: number): number {
    const left = 2 * at + 1;
    const [one, other] = [this.#heap[left], this.#heap[left + 1]];
    return one !== undefined && other !== undefined && isBefore(other, one) ? left + 1 : left;
  }
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.at < other.at || (one.at === other.at && one.text < other.text);
