import type { IndexEntry } from '../../pipeline/timers/timer-index.js';
import { compareKeys } from '../../store/compare-keys.js';

/** An entry with its key of the store, by which they are ordered. */
export interface Placed extends IndexEntry {
  /** Begins with the time. */
  readonly id: string;
}

/** So many are put in their places one by one; more are sorted together with the others. */
const FEW = 32;

/**
 * The first entries of an index, in memory. They are put in order when somebody asks for more than the first: of very many that come between two
 * looks, each would move half of the others.
 */
export class TimerFront {
  /** Ascending, from `#from` on: what stands before is gone. */
  #ordered: Placed[] = [];
  #from = 0;
  /** Those that are not in order yet, by `id`. */
  readonly #added = new Map<string, Placed>();
  /** The first one of them. */
  #firstAdded: Placed | undefined;

  get size(): number {
    return this.#ordered.length - this.#from + this.#added.size;
  }

  /** It is not there. */
  put(entry: Placed): void {
    this.#added.set(entry.id, entry);
    if (this.#firstAdded === undefined || compare(entry, this.#firstAdded) < 0) this.#firstAdded = entry;
  }

  /** It need not be there. */
  remove({ id, at }: Pick<Placed, 'id' | 'at'>): void {
    if (this.#added.delete(id)) {
      if (this.#firstAdded?.id === id) this.#order();
      return;
    }
    const place = this.#placeOf({ id, at });
    if (this.#ordered[place]?.id !== id) return;
    // what fires is the first
    if (place === this.#from) this.#from += 1;
    else this.#ordered.splice(place, 1);
  }

  peek(): Placed | undefined {
    const first = this.#ordered[this.#from];
    if (first === undefined || this.#firstAdded === undefined) return first ?? this.#firstAdded;
    return compare(first, this.#firstAdded) < 0 ? first : this.#firstAdded;
  }

  /** The first ones, in order. */
  first(most: number): readonly Placed[] {
    const last = this.#ordered[this.#from + most - 1];
    const isWhole = last !== undefined && this.#firstAdded !== undefined && compare(last, this.#firstAdded) < 0;
    if (!isWhole) this.#order();
    return this.#ordered.slice(this.#from, this.#from + most);
  }

  /** Leaves the first ones, and gives the first of the others. */
  shorten(most: number): Placed | undefined {
    this.#order();
    const next = this.#ordered[this.#from + most];
    this.#ordered = this.#ordered.slice(this.#from, this.#from + most);
    this.#from = 0;
    return next;
  }

  clear(): void {
    this.#ordered = [];
    this.#from = 0;
    this.#added.clear();
    this.#firstAdded = undefined;
  }

  #order(): void {
    const added = this.#added;
    if (added.size > FEW) {
      this.#ordered = [...this.#ordered.slice(this.#from), ...[...added.values()].sort(compare)].sort(compare);
      this.#from = 0;
    } else for (const entry of added.values()) this.#ordered.splice(this.#placeOf(entry), 0, entry);
    added.clear();
    this.#firstAdded = undefined;
  }

  /** Where it is among those in order, or would be. */
  #placeOf(entry: Pick<Placed, 'id' | 'at'>): number {
    let low = this.#from;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#ordered[middle];
      if (other !== undefined && compare(other, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** As their keys, which are compared where the times are the same. */
const compare = (one: Pick<Placed, 'id' | 'at'>, other: Pick<Placed, 'id' | 'at'>): number =>
  one.at === other.at ? compareKeys(one.id, other.id) : one.at - other.at;
