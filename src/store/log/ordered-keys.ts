import { compareKeys } from '../compare-keys.js';

/** So many are put in their places one by one; more are sorted together with the others. */
const FEW = 32;

/** From surrogates on units stand in another order than code points. */
const BEHIND_PLAIN = /[\ud800-\uffff]/;

/**
 * Different keys in the order of their bytes. They are put in order when somebody asks for it: of very many that come between two questions, each
 * would move half of the others.
 */
export class OrderedKeys {
  #ordered: string[] = [];
  /** Those that are not in order yet. */
  readonly #added: string[] = [];
  /** Of all of them: the order of their units is that of their bytes, and a sort by it takes half of the time. */
  #plain = true;

  /** It was not added before. */
  add(key: string): void {
    const last = this.#ordered.at(-1);
    if (this.#plain && BEHIND_PLAIN.test(key)) this.#plain = false;
    // most of a client queue or an outbox is appended
    if (this.#added.length === 0 && (last === undefined || compareKeys(last, key) < 0)) this.#ordered.push(key);
    else this.#added.push(key);
  }

  /** All of them, until the next `add`. */
  all(): readonly string[] {
    if (this.#added.length > FEW) this.#ordered = this.#sorted([...this.#ordered, ...this.#added]);
    else for (const key of this.#added) this.#ordered.splice(this.#placeOf(key), 0, key);
    this.#added.length = 0;
    return this.#ordered;
  }

  /** The first one that is not below `from`; with `after`, that is above it. */
  next(from: string, after: boolean): string | undefined {
    const keys = this.all();
    const place = this.#placeOf(from);
    return keys[after && keys[place] === from ? place + 1 : place];
  }

  #sorted(keys: string[]): string[] {
    return this.#plain ? keys.sort() : keys.sort(compareKeys);
  }

  /** Among those in order: where it is, or would be. */
  #placeOf(key: string): number {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#ordered[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
