import type { MillraceError } from '../../errors/millrace-error.js';
import { isPowerOfTwo } from '../../internal/is-power-of-two.js';
import { type DiagnosticData, publishDiagnostic } from '../../metrics/diagnostics.js';
import type { Counter, Metrics } from '../../metrics/metrics.js';

/** Whose figures and events they are. */
export interface MeteredTable {
  /** Of the table. */
  readonly name: string;
  /** That has it open. */
  readonly job: string;
  /** Where it counts. */
  readonly metrics: Metrics;
  /** How many there are now. */
  readonly rows: () => number;
}

/** How much of what may be in a table is there; `bytes` of the messages that gave the rows. */
export type TableFill = Omit<DiagnosticData<'table-full'>, 'job' | 'table' | 'rows'>;

/** What is told of a table, on diagnostics channels and as metrics with the label `table`. */
export class TableMeter {
  readonly #table: MeteredTable;
  readonly #failed: Counter;
  readonly #rejected: Counter;
  /** All rows were there once: from then on those are used. */
  #isLoaded = false;
  /** Attempts that have ended before. */
  #waits = 0;

  constructor(table: MeteredTable) {
    const { name, metrics, rows } = table;
    this.#table = table;
    const labels = { table: name };
    metrics.gauge('millrace_table_rows', 'Rows of a table that a stage looks up', labels).collect(rows);
    this.#failed = metrics.counter('millrace_table_failures_total', 'Failed attempts to load a table anew', labels);
    this.#rejected = metrics.counter('millrace_table_rejected_total', 'Messages that gave no row of a table', labels);
  }

  /** An attempt has ended before there were any rows, and is made again: told at the attempts number 1, 2, 4, 8 and so on. */
  waiting(error: MillraceError): void {
    if (this.#isLoaded) return;
    this.#waits += 1;
    if (!isPowerOfTwo(this.#waits)) return;
    const { name, job } = this.#table;
    publishDiagnostic('table-waiting', { job, table: name, attempts: this.#waits, error: error.toJSON() });
  }

  /** All rows are there, the first time or anew. */
  loaded(): void {
    this.#isLoaded = true;
    publishDiagnostic('table-loaded', this.#facts());
  }

  /** The rows stay as they are; the next attempt is `waitMs` from now. */
  failed(error: MillraceError, waitMs: number): void {
    this.#failed.add();
    publishDiagnostic('table-failed', { ...this.#facts(), waitMs, error: error.toJSON() });
  }

  /** A message gave no row. */
  rejected(topic: string, error: MillraceError): void {
    this.#rejected.add();
    publishDiagnostic('table-row-rejected', { ...this.#facts(), topic, error: error.toJSON() });
  }

  /** A message that would be a row came without the RETAIN flag; told once. */
  unretained(topic: string): void {
    publishDiagnostic('table-row-unretained', { ...this.#facts(), topic });
  }

  /** There is no room for a new row; told once until there is again. */
  full(bounds: TableFill): void {
    publishDiagnostic('table-full', { ...this.#facts(), ...bounds });
  }

  #facts() {
    const { name, job, rows } = this.#table;
    return { job, table: name, rows: rows() };
  }
}
