import type { Polled, SourceReader, SourceSnapshot } from '../../connector/source-reader.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { Readiness } from '../../internal/readiness.js';
import { refusePromise } from '../../internal/refuse-promise.js';

/** Where the numbering of an item stream stands, and how fast it goes. */
export interface ItemStreamOptions {
  /** Above 0; it need not be whole. */
  readonly perSecond: number;
  /** The number of the first item. */
  readonly start: number;
}

/**
 * Makes items at a steady rate; what was not polled in time is caught up with, at most one second of it. The number of the next item
 * is its state; positions count from 0.
 */
export class ItemStreamReader<T> implements SourceReader<T> {
  readonly #create: (timestamp: number, sequence: number) => T;
  readonly #perSecond: number;
  readonly #start: number;
  #startedMs = performance.now();
  /** Due since `#startedMs`, less than the first item made since then. */
  #made = 0;
  #next = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #readiness = new Readiness();
  #closed = false;

  constructor({ perSecond, start }: ItemStreamOptions, create: (timestamp: number, sequence: number) => T) {
    this.#perSecond = perSecond;
    this.#start = start;
    this.#create = create;
  }

  poll(max: number): Polled<T> {
    const timestampMs = Date.now();
    const first = this.#next;
    const count = this.#closed ? 0 : Math.min(max, this.#due());
    const items = this.#createItems(timestampMs, first, count);
    this.#made += count;
    this.#next += count;
    return { items, timestampMs, first, last: this.#next - 1, bytes: 0, rejected: [], done: false };
  }

  ready(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => this.#readiness.notify(), this.#msUntilNext());
    return this.#readiness.wait();
  }

  snapshot(upTo: number): SourceSnapshot {
    return { mark: upTo, state: this.#start + upTo + 1 };
  }

  committed(): void {}

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #createItems(timestampMs: number, first: number, count: number): T[] {
    try {
      return Array.from({ length: count }, (_, index) => {
        const item = this.#create(timestampMs, this.#start + first + index);
        refusePromise(item, 'the createFn of itemStream');
        return item;
      });
    } catch (error) {
      throw MillraceError.from(error, 'USER_FUNCTION_FAILED', 'the createFn of itemStream');
    }
  }

  #due(): number {
    const due = Math.floor(((performance.now() - this.#startedMs) / 1000) * this.#perSecond) - this.#made;
    if (due <= this.#perSecond) return due;
    const most = Math.ceil(this.#perSecond);
    this.#startedMs = performance.now() - (most / this.#perSecond) * 1000;
    this.#made = 0;
    return most;
  }

  #msUntilNext(): number {
    const nextAtMs = this.#startedMs + ((this.#made + 1) / this.#perSecond) * 1000;
    return Math.max(0, Math.ceil(nextAtMs - performance.now()));
  }
}
