/** What is first by a total order is taken first: a binary heap. Putting and taking one costs the logarithm of how many there are. */
export class Heap<T> {
  readonly #isBefore: (one: T, other: T) => boolean;
  readonly #items: T[] = [];

  constructor(isBefore: (one: T, other: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  /** It stays. Undefined when there is none. */
  get first(): T | undefined {
    return this.#items[0];
  }

  put(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const other = items[parent];
      if (other === undefined || !this.#isBefore(item, other)) break;
      items[at] = other;
      at = parent;
    }
    items[at] = item;
  }

  /** The first is there no more. */
  drop(): void {
    const items = this.#items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return;
    let at = 0;
    for (;;) {
      const child = this.#firstChild(at);
      const item = items[child];
      if (item === undefined || !this.#isBefore(item, last)) break;
      items[at] = item;
      at = child;
    }
    items[at] = last;
  }

  clear(): void {
    this.#items.length = 0;
  }

  #firstChild(at: number): number {
    const left = 2 * at + 1;
    const [one, other] = [this.#items[left], this.#items[left + 1]];
    return one !== undefined && other !== undefined && this.#isBefore(other, one) ? left + 1 : left;
  }
}
