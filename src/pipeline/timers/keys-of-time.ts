import { present } from '../../internal/present.js';
import { keyText } from '../key-text.js';
import type { StateKey } from '../stage-state.js';
import type { IndexEntry } from './timer-index.js';

/** So many are put in their places one by one; more are sorted together. */
const FEW = 32;

/**
 * Keys of one time. Where they are many, they are put in order when somebody asks for the first of them: until then they come in any order,
 * as those whose windows end together.
 */
export class KeysOfTime implements IndexEntry {
  readonly at: number;
  /** In order, from `#from` on: what stands before is gone. */
  #ordered: StateKey[];
  #from = 0;
  /** Those that are not in order yet; undefined while none ever was. */
  #added: Set<StateKey> | undefined;
  /** Those in order that are gone all the same; undefined while none ever was. */
  #gone: Set<StateKey> | undefined;

  constructor(at: number, key: StateKey) {
    this.at = at;
    this.#ordered = [key];
  }

  get size(): number {
    return this.#inOrder - (this.#gone?.size ?? 0) + (this.#added?.size ?? 0);
  }

  /** The first one. There is one. */
  get key(): StateKey {
    this.#order();
    return present(this.#ordered[this.#from], SOME);
  }

  /** It is not there. */
  put(key: StateKey): void {
    if (this.#gone?.delete(key) === true) return;
    if (this.#added === undefined && this.#inOrder < FEW) this.#insert(key);
    else this.#added = (this.#added ?? new Set()).add(key);
  }

  /** It is there. */
  remove(key: StateKey): void {
    if (this.#added?.delete(key) === true) return;
    // what fires is the first
    if (this.#ordered[this.#from] === key) this.#from += 1;
    else if (this.#inOrder <= FEW) this.#ordered.splice(this.#ordered.indexOf(key, this.#from), 1);
    else this.#gone = (this.#gone ?? new Set()).add(key);
  }

  /** The first ones, in order. */
  first(most: number): readonly IndexEntry[] {
    this.#order();
    const taken: IndexEntry[] = [];
    for (let index = this.#from; index < this.#ordered.length && taken.length < most; index += 1) {
      const key = present(this.#ordered[index], SOME);
      if (this.#gone?.has(key) !== true) taken.push({ at: this.at, key });
    }
    return taken;
  }

  get #inOrder(): number {
    return this.#ordered.length - this.#from;
  }

  /** All are in order, and the first is none that is gone. */
  #order(): void {
    const added = this.#added;
    if (added !== undefined && added.size > 0) {
      if (added.size > FEW) this.#sort(added);
      else for (const key of added) this.#insert(key);
      added.clear();
    }
    for (let first = this.#ordered[this.#from]; first !== undefined; first = this.#ordered[this.#from]) {
      if (this.#gone?.delete(first) !== true) return;
      this.#from += 1;
    }
  }

  #sort(added: Iterable<StateKey>): void {
    const gone = this.#gone;
    const left = this.#ordered.slice(this.#from).filter((key) => gone?.has(key) !== true);
    this.#ordered = [...left, ...added].sort(compare);
    this.#from = 0;
    gone?.clear();
  }

  #insert(key: StateKey): void {
    let low = this.#from;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#ordered[middle];
      if (other !== undefined && compare(other, key) < 0) low = middle + 1;
      else high = middle;
    }
    this.#ordered.splice(low, 0, key);
  }
}

const SOME = 'a time that is kept has a key';

const compare = (one: StateKey, other: StateKey): number =>
  typeof one === 'string' && typeof other === 'string'
    ? compareTexts(one, other)
    : compareTexts(keyText(one), keyText(other));

const compareTexts = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
