/** Whose work stops with its life: a process, a connection. */
export interface Mortal {
  readonly alive: boolean;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly owner: Mortal;
  readonly run: () => void;
}

const FOREVER: Mortal = { alive: true };

/** Virtual time: what is to happen, in order. Nothing is ever late, and equal times go in the order in which they were asked for. */
export class SimClock {
  readonly #heap: Entry[] = [];
  #now = 0;
  #order = 0;
  #ran = 0;

  /** Milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** How many things have happened. */
  get ran(): number {
    return this.#ran;
  }

  /** Runs it after `ms`, unless its owner is dead by then. */
  after(ms: number, run: () => void, owner: Mortal = FOREVER): void {
    this.#order += 1;
    this.#push({ at: this.#now + Math.max(0, ms), order: this.#order, owner, run });
  }

  /** Time passes within what is being done now; gives the time after it. */
  spend(ms: number): number {
    this.#now += ms;
    return this.#now;
  }

  /** Does the next thing that is due up to `until`. False when there is none. */
  step(until: number): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (!next.owner.alive) continue;
      this.#now = Math.max(this.#now, next.at);
      this.#ran += 1;
      next.run();
      return true;
    }
    this.#now = Math.max(this.#now, until);
    return false;
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
      let child = 2 * at + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, left)) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
