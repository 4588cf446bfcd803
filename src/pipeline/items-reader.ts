import type { Polled, SourceReader, SourceSnapshot } from '../connector/source.js';

/** Reads an array: the item at index n stands at position n. */
export class ItemsReader<T> implements SourceReader<T> {
  readonly #items: readonly T[];
  #next = 0;

  constructor(items: readonly T[]) {
    this.#items = items;
  }

  poll(max: number): Polled<T> {
    const first = this.#next;
    const items = this.#items.slice(first, first + max);
    this.#next += items.length;
    const done = this.#next === this.#items.length;
    return { items, timestampMs: Date.now(), first, last: this.#next - 1, bytes: 0, rejected: [], done };
  }

  /** There is always something to poll, or the end. */
  async ready(): Promise<void> {}

  snapshot(upTo: number): SourceSnapshot {
    return { mark: upTo, state: undefined };
  }

  committed(): void {}

  async close(): Promise<void> {
    this.#next = this.#items.length;
  }
}
