import { Heap } from '../../../src/internal/heap.js';

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
  readonly #entries = new Heap(isBefore);
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
    this.#entries.put({ at: this.#now + Math.max(0, ms), order: this.#order, owner, run });
  }

  /** Time passes within what is being done now; gives the time after it. */
  spend(ms: number): number {
    this.#now += ms;
    return this.#now;
  }

  /** Does the next thing that is due up to `until`. False when there is none. */
  step(until: number): boolean {
    for (let next = this.#entries.first; next !== undefined && next.at <= until; next = this.#entries.first) {
      this.#entries.drop();
      if (!next.owner.alive) continue;
      this.#now = Math.max(this.#now, next.at);
      this.#ran += 1;
      next.run();
      return true;
    }
    this.#now = Math.max(this.#now, until);
    return false;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
