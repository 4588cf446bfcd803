import type { Polled, SourceReader, SourceSnapshot } from '../../connector/source-reader.js';

/** Reads an array from an index on, which is its state; positions count from 0. */
export class ItemsReader<T> implements SourceReader<T> {
  readonly #items: readonly T[];
  readonly #start: number;
  #next: number;

  constructor(items: readonly T[], start: number) {
    this.#items = items;
    this.#start = start;
    this.#next = start;
  }

  poll(max: number): Polled<T> {
    const first = this.#next - this.#start;
    const items = this.#items.slice(this.#next, this.#next + max);
    this.#next += items.length;
    const last = this.#next - this.#start - 1;
    const done = this.#next >= this.#items.length;
    return { items, timestampMs: Date.now(), first, last, bytes: 0, rejected: [], done };
  }

  /** There is always something to poll, or the end. */
  async ready(): Promise<void> {}

  snapshot(upTo: number): SourceSnapshot {
    return { mark: upTo, state: this.#start + upTo + 1 };
  }

  committed(): void {}

  async close(): Promise<void> {
    this.#next = Math.max(this.#next, this.#items.length);
  }
}
