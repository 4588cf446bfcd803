import { compareKeys } from '../compare-keys.js';

/** Records in memory, ordered by the bytes of their keys. */
export class SortedRecords<T = Uint8Array> {
  readonly #values = new Map<string, T>();
  readonly #keys: string[] = [];

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  put(key: string, value: T): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#indexOf(key), 0, key);
    this.#values.set(key, value);
  }

  remove(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#indexOf(key), 1);
  }

  /** The first key that is not below `from`; with `after`, that is above it. */
  next(from: string, after: boolean): string | undefined {
    const index = this.#indexOf(from);
    return this.#keys[after && this.#keys[index] === from ? index + 1 : index];
  }

  /** In the order of their keys. Nothing may be put or removed meanwhile. */
  *entries(): Generator<readonly [key: string, value: T], void> {
    for (const key of this.#keys) yield [key, this.#values.get(key) as T];
  }

  /** Where the key is, or where it would be. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    // Most keys are appended: a tick's chunk of outbox rows follows the one before.
    const last = this.#keys[high - 1];
    if (last === undefined || compareKeys(last, key) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
