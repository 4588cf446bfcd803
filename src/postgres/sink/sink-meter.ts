import type { Counter, Histogram, Metrics } from '../../metrics/metrics.js';

/** Seconds: from a transaction on this machine to one that waits for a lock. */
const TRANSACTION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a sink to PostgreSQL counts, under the label `sink`. */
export class SinkMeter {
  readonly #rows: Counter;
  readonly #transactions: Histogram;
  readonly #refused: Counter;

  /** @param waiting rows in memory that are not written */
  constructor(metrics: Metrics, sink: string, waiting: () => number) {
    const labels = { sink };
    this.#rows = metrics.counter('millrace_postgres_rows_total', 'Rows written to the database.', labels);
    this.#transactions = metrics.histogram(
      'millrace_postgres_transaction_seconds',
      'Time that a transaction of rows took, its COMMIT included.',
      TRANSACTION_BUCKETS,
      labels,
    );
    this.#refused = metrics.counter(
      'millrace_postgres_refused_total',
      'Rows that the database refused for good.',
      labels,
    );
    metrics.gauge('millrace_postgres_waiting', 'Rows in memory that are not written yet.', labels).collect(waiting);
  }

  written(rows: number, elapsedMs: number): void {
    this.#rows.add(rows);
    this.#transactions.observe(elapsedMs / 1000);
  }

  refused(): void {
    this.#refused.add();
  }
}
