import type { DeadLetter } from '../connector/dead-letter.js';
import type { Polled, RejectedInput } from '../connector/source.js';

/** Gathers one poll and numbers its positions. */
export class PollBatch<T> {
  readonly #first: number;
  readonly #items: T[] = [];
  readonly #rejected: RejectedInput[] = [];
  #bytes = 0;
  #next: number;
  #skippedAtEnd = false;

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
    this.#advance();
  }

  reject(letter: DeadLetter): void {
    this.#rejected.push({ position: this.#next, letter });
    this.#advance();
  }

  /** A message that gives nothing. With `acknowledged` it has to be covered by a position: that of the next item, or one of its own at the end. */
  skip(acknowledged: boolean): void {
    this.#skippedAtEnd ||= acknowledged;
  }

  polled(done: boolean): Polled<T> {
    if (this.#skippedAtEnd) this.#advance();
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

  #advance(): void {
    this.#next += 1;
    this.#skippedAtEnd = false;
  }
}
