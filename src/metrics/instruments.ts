import type { Counter, Gauge, Histogram } from './metrics.js';
import type { HistogramSnapshot } from './metrics-snapshot.js';

/** A number that only grows; a negative amount is ignored, so that a counter can never fall. */
export class CounterInstrument implements Counter {
  static readonly kind = 'counter';
  #value = 0;

  add(amount = 1): void {
    if (amount > 0) this.#value += amount;
  }

  read(): number {
    return this.#value;
  }
}

/** A number that is set, or asked for when it is read. The last of `set` and `collect` holds. */
export class GaugeInstrument implements Gauge {
  static readonly kind = 'gauge';
  #read: () => number = () => 0;

  set(value: number): void {
    this.#read = () => value;
  }

  collect(read: () => number): void {
    this.#read = read;
  }

  read(): number {
    return this.#read();
  }
}

/** Counts observations by upper bound. */
export class HistogramInstrument implements Histogram {
  static readonly kind = 'histogram';
  readonly #bounds: readonly number[];
  /** Of each bucket by itself; they are added up when they are read, which is rare. */
  readonly #counts: number[];
  /** Of all values, those above the last bound too. */
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = [...bounds].sort((a, b) => a - b);
    this.#counts = this.#bounds.map(() => 0);
  }

  observe(value: number): void {
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
    this.#count += 1;
  }

  read(): HistogramSnapshot {
    let below = 0;
    const buckets = this.#bounds.map((le, index) => {
      below += this.#counts[index] ?? 0;
      return { le, count: below };
    });
    return { buckets, sum: this.#sum, count: this.#count };
  }
}
