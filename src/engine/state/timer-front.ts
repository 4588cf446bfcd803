import type { StateKey } from '../../pipeline/stage-state.js';
import type { IndexEntry } from '../../pipeline/timers/timer-index.js';
import { compareKeys } from '../../store/compare-keys.js';

/** An entry with the text of its key in the store, by which those of one time are ordered. */
export interface Placed extends IndexEntry {
  /** What stands behind the time. */
  readonly text: string;
}

/** So many are put in their places one by one; more are sorted together with the others. */
const FEW = 32;
/** So many that are gone may stand in front of the others, besides as many as there are of these. */
const MOST_GONE = 1024;

/**
 * Entries of an index in memory, of a key one at most. They are put in order when somebody asks for more than the first: of very many that come
 * between two looks, each would move half of the others.
 */
export class TimerFront {
  /** Ascending, from `#from` on: what stands before is gone. */
  #ordered: Placed[] = [];
  #from = 0;
  /** Those that are not in order yet. */
  readonly #added = new Map<StateKey, Placed>();
  /** The first one of them. */
  #firstAdded: Placed | undefined;

  get size(): number {
    return this.#ordered.length - this.#from + this.#added.size;
  }

  /** None of its key is there. */
  put(entry: Placed): void {
    this.#added.set(entry.key, entry);
    if (this.#firstAdded === undefined || compareEntries(entry, this.#firstAdded) < 0) this.#firstAdded = entry;
  }

  /** It need not be there. */
  remove(entry: Placed): void {
    if (this.#added.delete(entry.key)) {
      if (this.#firstAdded?.key === entry.key) this.#order();
      return;
    }
    // what fires is the first
    const place = isSame(this.#ordered[this.#from], entry) ? this.#from : this.#placeOf(entry);
    if (!isSame(this.#ordered[place], entry)) return;
    if (place !== this.#from) this.#ordered.splice(place, 1);
    else this.#leaveFirst();
  }

  /** Those of very many keys, in one pass: to take them out one by one would move all that stand behind each. */
  removeAll(keys: ReadonlySet<StateKey>): void {
    for (const key of keys) this.#added.delete(key);
    if (this.#firstAdded !== undefined && keys.has(this.#firstAdded.key)) this.#order();
    this.#ordered = this.#ordered.slice(this.#from).filter(({ key }) => !keys.has(key));
    this.#from = 0;
  }

  peek(): Placed | undefined {
    const first = this.#ordered[this.#from];
    if (first === undefined || this.#firstAdded === undefined) return first ?? this.#firstAdded;
    return compareEntries(first, this.#firstAdded) < 0 ? first : this.#firstAdded;
  }

  /** The first ones, in order. */
  first(most: number): readonly Placed[] {
    const last = this.#ordered[this.#from + most - 1];
    const isWhole = last !== undefined && this.#firstAdded !== undefined && compareEntries(last, this.#firstAdded) < 0;
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

  #leaveFirst(): void {
    this.#from += 1;
    if (this.#from <= MOST_GONE || 2 * this.#from < this.#ordered.length) return;
    this.#ordered = this.#ordered.slice(this.#from);
    this.#from = 0;
  }

  #order(): void {
    const added = this.#added;
    if (added.size > FEW) {
      this.#ordered = [...this.#ordered.slice(this.#from), ...[...added.values()].sort(compareEntries)].sort(
        compareEntries,
      );
      this.#from = 0;
    } else for (const entry of added.values()) this.#ordered.splice(this.#placeOf(entry), 0, entry);
    added.clear();
    this.#firstAdded = undefined;
  }

  /** Where it is among those in order, or would be. */
  #placeOf(entry: Placed): number {
    let low = this.#from;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#ordered[middle];
      if (other !== undefined && compareEntries(other, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** As their keys in the store: by time, then by text. */
export const compareEntries = (one: Placed, other: Placed): number =>
  one.at === other.at ? compareKeys(one.text, other.text) : one.at - other.at;

const isSame = (one: Placed | undefined, other: Placed): boolean => one?.key === other.key && one.at === other.at;
