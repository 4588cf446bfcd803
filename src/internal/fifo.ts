/** A first-in-first-out queue whose `shift` costs a constant time on average. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** The newest, left in place. */
  peekLast(): T | undefined {
    return this.size === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) this.#compact();
    return item;
  }

  /** The oldest for which `predicate` holds. */
  find(predicate: (item: T) => boolean): T | undefined {
    for (let index = this.#head; index < this.#items.length; index += 1) {
      const item = this.#items[index];
      if (item !== undefined && predicate(item)) return item;
    }
    return undefined;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
