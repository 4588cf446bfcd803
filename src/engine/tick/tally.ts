import type { Counter } from '../../metrics/metrics.js';

/** Counts for `job.metrics()` and passes the count on to the metrics port. */
export class Tally implements Counter {
  readonly #counter: Counter;
  #value = 0;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  get value(): number {
    return this.#value;
  }

  add(amount = 1): void {
    if (amount === 0) return;
    this.#value += amount;
    this.#counter.add(amount);
  }
}
