import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { Polled, RejectedInput } from '../../../connector/source-reader.js';

/** Gathers one poll and numbers its positions. */
export class PollBatch<T> {
  readonly #first: number;
  readonly #items: T[] = [];
  readonly #rejected: RejectedInput[] = [];
  /** Only of a source that tells copies. */
  readonly #keys: (string | undefined)[] | undefined;
  #bytes = 0;
  #next: number;

  constructor(first: number, keyed: boolean) {
    this.#first = first;
    this.#keys = keyed ? [] : undefined;
    this.#next = first;
  }

  /** The position of the next item. */
  get next(): number {
    return this.#next;
  }

  /** `bytes`: of the message, as `heldBytes` counts. `key`: only of a source that tells copies. */
  take(item: T, bytes: number, key?: string): void {
    this.#items.push(item);
    this.#keys?.push(key);
    this.#bytes += bytes;
    this.#next += 1;
  }

  /** `bytes`: of the message. The letter has its payload anew. */
  reject(letter: DeadLetter, bytes: number): void {
    this.#bytes += bytes + (letter.payload?.byteLength ?? 0);
    this.#rejected.push({ position: this.#next, letter });
    this.#next += 1;
  }

  /** `done`: nothing follows, ever. */
  polled(done: boolean): Polled<T> {
    return {
      items: this.#items,
      timestampMs: Date.now(),
      first: this.#first,
      last: this.#next - 1,
      bytes: this.#bytes,
      rejected: this.#rejected,
      ...(this.#keys === undefined ? {} : { keys: this.#keys }),
      done,
    };
  }
}
