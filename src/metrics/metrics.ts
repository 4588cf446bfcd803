/** They are a part of an instrument's identity: each combination is an instrument of its own, kept for ever. So no topics and no keys. */
export type Labels = Readonly<Record<string, string>>;

/** Only grows. */
export interface Counter {
  /** `amount` is 1 by default, and never negative. Called on hot paths, where nobody catches what it throws. */
  add(amount?: number): void;
}

/** Goes up and down; `collect` makes it a function that is asked when metrics are read. */
export interface Gauge {
  /** The last of `set` and `collect` holds. */
  set(value: number): void;
  /** `read` is asked whenever metrics are read. Each opening of a part gives a new one: what the earlier was of is gone. */
  collect(read: () => number): void;
}

/** Counts observations in buckets. */
export interface Histogram {
  /** In the unit of the name: seconds, bytes. */
  observe(value: number): void;
}

/**
 * The port through which Millrace counts. The same name and labels give the same instrument. Names are snake case with the
 * unit last (`_total`, `_bytes`, `_seconds`), as Prometheus has them.
 */
export interface Metrics {
  /** Called when a job begins or a connector is opened, not for each item. `help` is for people who read the metric. */
  counter(name: string, help: string, labels?: Labels): Counter;
  /** As `counter`. */
  gauge(name: string, help: string, labels?: Labels): Gauge;
  /** As `counter`. `buckets` are upper bounds, ascending; the one without bound is not among them. */
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram;
}
