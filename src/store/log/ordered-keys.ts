import { compareKeys } from '../compare-keys.js';

/** A run is so many times as long as the next one, or both become one. */
const RATIO = 4;

/** From surrogates on units stand in another order than code points. */
const BEHIND_PLAIN = /[\ud800-\uffff]/;

/**
 * Different keys in the order of their bytes. They are put in order when somebody asks for it, in runs of which each is much longer than the
 * next: what has come between two questions is sorted alone, and very many are not gone through for a few.
 */
export class OrderedKeys {
  /** Each is in order. */
  readonly #runs: string[][] = [];
  /** Those that are in no run yet. */
  #added: string[] = [];
  /** Of all of them: the order of their units is that of their bytes, and a sort by it takes half of the time. */
  #plain = true;

  /** It was not added before. */
  add(key: string): void {
    this.#added.push(key);
  }

  /** The first one that is not below `from`; with `after`, that is above it. */
  next(from: string, after: boolean): string | undefined {
    this.#order();
    let next: string | undefined;
    for (const run of this.#runs) {
      const place = placeIn(run, from);
      const key = run[after && run[place] === from ? place + 1 : place];
      if (next === undefined || (key !== undefined && compareKeys(key, next) < 0)) next = key;
    }
    return next;
  }

  #order(): void {
    if (this.#added.length === 0) return;
    this.#plain &&= !this.#added.some((key) => BEHIND_PLAIN.test(key));
    let run = this.#sorted(this.#added);
    this.#added = [];
    for (
      let last = this.#runs.at(-1);
      last !== undefined && last.length < RATIO * run.length;
      last = this.#runs.at(-1)
    ) {
      this.#runs.pop();
      run = this.#sorted([...last, ...run]);
    }
    this.#runs.push(run);
  }

  /** Of two runs in time that grows with their length: the sort finds them. */
  #sorted(keys: string[]): string[] {
    return this.#plain ? keys.sort() : keys.sort(compareKeys);
  }
}

/** Where it is in a run, or would be. */
function placeIn(run: readonly string[], key: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(run[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
