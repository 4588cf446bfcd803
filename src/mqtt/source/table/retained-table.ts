import type { OpenContext } from '../../../connector/open-context.js';
import { reloadWait } from '../../../connector/tables/reload-wait.js';
import type { OpenTable, TableKey } from '../../../connector/tables/table.js';
import { TableMeter } from '../../../connector/tables/table-meter.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { abortableWait } from '../../../internal/waiting/abortable-wait.js';
import { whenAborted } from '../../../internal/waiting/when-aborted.js';
import { Connection } from '../../connection/connection.js';
import type { ResolvedTable } from './resolve-table.js';
import { RetainedRows } from './retained-rows.js';
import { TableIntake } from './table-intake.js';

const LONGEST_WAIT_MS = 60_000;

/** A connection, and what it tells. */
interface Line<K extends TableKey, V> {
  readonly line: Connection;
  readonly intake: TableIntake<K, V>;
}

/**
 * The retained messages of a filter, kept as they are at the broker. The connection reconnects by itself; where it has failed for good the
 * rows stay, which is told, and another one is opened, again and again.
 */
export class RetainedTable<K extends TableKey, V> implements OpenTable<K, V> {
  readonly #table: ResolvedTable<K, V>;
  readonly #context: OpenContext;
  readonly #rows: RetainedRows<K, V>;
  readonly #meter: TableMeter;
  readonly #stop = new AbortController();
  #present: Line<K, V> | undefined;
  #failures = 0;

  constructor(table: ResolvedTable<K, V>, context: OpenContext) {
    this.#table = table;
    this.#context = context;
    this.#rows = new RetainedRows(table, () => performance.now());
    const { job, metrics } = context;
    this.#meter = new TableMeter({ name: table.name, job, metrics, rows: () => this.#rows.size });
  }

  /** Resolves when all rows are there. */
  async open(): Promise<this> {
    void this.#live(await this.#connect(this.#context.signal));
    return this;
  }

  get(key: K): V | undefined {
    return this.#rows.get(key);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#end();
  }

  async #live(first: Line<K, V>): Promise<void> {
    let intake: TableIntake<K, V> | undefined = first.intake;
    while (!this.#stop.signal.aborted) {
      if (intake !== undefined) this.#failed(await intake.lost);
      await this.#end();
      await abortableWait(this.#waitMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      intake = await this.#again();
    }
  }

  /** Undefined: it has failed. */
  async #again(): Promise<TableIntake<K, V> | undefined> {
    try {
      const { intake } = await this.#connect(this.#stop.signal);
      this.#failures = 0;
      return intake;
    } catch (thrown) {
      this.#failed(MillraceError.from(thrown));
      return undefined;
    }
  }

  async #connect(signal: AbortSignal): Promise<Line<K, V>> {
    const intake = new TableIntake({ table: this.#table, rows: this.#rows, meter: this.#meter });
    const line = new Connection(this.#table.connectionOptions(this.#context.metrics), intake);
    intake.attach(line);
    this.#present = { line, intake };
    const gone = whenAborted(signal, () => intake.stop());
    const lost = intake.lost.then((error) => Promise.reject(error));
    lost.catch(() => {});
    try {
      await line.open(signal);
      await Promise.race([intake.whole, lost]);
      return this.#present;
    } catch (error) {
      await this.#end();
      throw error;
    } finally {
      gone();
    }
  }

  async #end(): Promise<void> {
    this.#present?.intake.stop();
    await this.#present?.line.close();
  }

  get #waitMs(): number {
    return reloadWait(Math.max(1, this.#failures), LONGEST_WAIT_MS);
  }

  #failed(error: MillraceError): void {
    if (this.#stop.signal.aborted) return;
    this.#failures += 1;
    this.#meter.failed(error, this.#waitMs);
  }
}
