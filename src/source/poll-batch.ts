import type { DeadLetter } from '../connector/dead-letter.js';
import type { Polled, RejectedInput } from '../connector/source.js';

/** Gathers one poll and numbers its positions. */
export class PollBatch<T> {
  readonly #first: number;
  readonly #items: T[] = [];
  readonly #rejected: RejectedInput[] = [];
  #bytes = 0;
  #next: number;

  constructor(first: number) {
    this.#first = first;
    this.#next = first;
  }

  /** The position of the next item. */
  get next(): number {
    return this.#next;
  }

  take(item: T, bytes: number): void {
    this.#items.push(item);
    this.#bytes += bytes;
    this.#next += 1;
  }

  reject(letter: DeadLetter): void {
    this.#rejected.push({ position: this.#next, letter });
    this.#next += 1;
  }

  polled(done: boolean): Polled<T> {
    return {
      items: this.#items,
      timestampMs: Date.now(),
      first: this.#first,
      last: this.#next - 1,
      bytes: this.#bytes,
      rejected: this.#rejected,
      done,
    };
  }
}
