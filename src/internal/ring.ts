const FIRST_CAPACITY = 64;

/**
 * Values in the order of an index that ascends: a FIFO whose places can be looked up by index, in any order. One that leaves in the
 * middle leaves a gap, and the ends never rest on a gap at the front. Its memory is that of its longest span; nothing is moved but by
 * growth, which doubles. `undefined` is no value.
 */
export class Ring<T> {
  /** The index of the oldest value; `end` when there is none. For its owner to read, as a field since it is asked for so often. */
  first = 0;
  /** One above the highest index that was taken; it falls only when a value is put into an empty ring. */
  end = 0;
  #slots: (T | undefined)[] = new Array<T | undefined>(FIRST_CAPACITY).fill(undefined);
  #mask = FIRST_CAPACITY - 1;

  /** From the oldest value to the newest, gaps included. */
  get size(): number {
    return this.end - this.first;
  }

  /** Takes a value behind all others. */
  push(value: T): void {
    if (this.end - this.first > this.#mask) this.#grow(this.first, this.end + 1);
    // `&` keeps the low bits of any safe integer, so an index may be far beyond 32 bits
    this.#slots[this.end & this.#mask] = value;
    this.end += 1;
  }

  /** Takes a value at an index that has none, before, between or behind the others. */
  put(index: number, value: T): void {
    const empty = this.first === this.end;
    const first = empty ? index : Math.min(this.first, index);
    const end = empty ? index + 1 : Math.max(this.end, index + 1);
    if (end - first > this.#mask + 1) this.#grow(first, end);
    this.first = first;
    this.end = end;
    this.#slots[index & this.#mask] = value;
  }

  /** The value at the index; undefined for a gap, and for what is not between the ends. */
  get(index: number): T | undefined {
    return index < this.first || index >= this.end ? undefined : this.#slots[index & this.#mask];
  }

  /** The oldest, left in place. */
  peek(): T | undefined {
    return this.#slots[this.first & this.#mask];
  }

  /** The newest, left in place; undefined where that was removed. */
  peekLast(): T | undefined {
    return this.get(this.end - 1);
  }

  /** Takes the oldest out. */
  shift(): T | undefined {
    const at = this.first & this.#mask;
    const value = this.#slots[at];
    if (value === undefined) return undefined;
    this.#slots[at] = undefined;
    this.first += 1;
    if (this.#slots[this.first & this.#mask] === undefined) this.#skipGap();
    return value;
  }

  /** Takes the newest out. */
  pop(): T | undefined {
    const value = this.peekLast();
    if (value === undefined) return undefined;
    this.end -= 1;
    this.#slots[this.end & this.#mask] = undefined;
    return value;
  }

  /** Takes out what is at the index, if anything is. */
  remove(index: number): void {
    if (index < this.first || index >= this.end) return;
    this.#slots[index & this.#mask] = undefined;
    if (index === this.first) this.#skipGap();
  }

  /** All leave. */
  clear(): void {
    this.#slots.fill(undefined);
    this.first = this.end;
  }

  /** The oldest for which `predicate` holds. */
  find(predicate: (value: T) => boolean): T | undefined {
    for (const value of this) if (predicate(value)) return value;
    return undefined;
  }

  /** Up to `max` of the oldest, left in place. */
  oldest(max: number): T[] {
    const values: T[] = [];
    for (let index = this.first; index < this.end && values.length < max; index += 1) {
      const value = this.#slots[index & this.#mask];
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  /** From the oldest to the newest. What is taken out on the way is passed over. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let index = this.first; index < this.end; index += 1) {
      const value = this.get(index);
      if (value !== undefined) yield value;
    }
  }

  #skipGap(): void {
    while (this.first < this.end && this.#slots[this.first & this.#mask] === undefined) this.first += 1;
  }

  #grow(first: number, end: number): void {
    const old = this.#slots;
    const oldMask = this.#mask;
    let capacity = old.length * 2;
    while (capacity < end - first) capacity *= 2;
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
    this.#mask = capacity - 1;
    for (let index = this.first; index < this.end; index += 1) {
      this.#slots[index & this.#mask] = old[index & oldMask];
    }
  }
}
