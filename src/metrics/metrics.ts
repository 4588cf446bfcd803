export type Labels = Readonly<Record<string, string>>;

/** Only grows. */
export interface Counter {
  add(amount?: number): void;
}

/** Goes up and down; `collect` makes it a function that is asked when metrics are read. */
export interface Gauge {
  set(value: number): void;
  collect(read: () => number): void;
}

/** Counts observations in buckets. */
export interface Histogram {
  observe(value: number): void;
}

/**
 * The port through which Millrace counts. The same name and labels give the same instrument. Names are snake case with the
 * unit last (`_total`, `_bytes`, `_seconds`), as Prometheus has them.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram;
}
