import { withinTime } from '../../connector/builder/within-time.js';
import type { OpenContext } from '../../connector/open-context.js';
import { reloadWait } from '../../connector/tables/reload-wait.js';
import type { OpenTable, TableKey } from '../../connector/tables/table.js';
import { TableMeter } from '../../connector/tables/table-meter.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import { loadRows, type TableEntries } from './load-rows.js';

/** A table that a function loads, with every default applied. */
export interface LoadedTableParts<K extends TableKey, V> {
  /** For metrics, events and errors. */
  readonly name: string;
  /** The user's. */
  readonly load: (signal: AbortSignal) => TableEntries<K, V> | PromiseLike<TableEntries<K, V>>;
  /** Infinity: only when told. */
  readonly reloadEveryMs: number;
  /** Of one load. */
  readonly timeoutMs: number;
  readonly maxRows: number;
}

/** The longest wait behind a failed load where there is no interval, in milliseconds. */
const LONGEST_WAIT_MS = 60_000;

/**
 * The rows of the last load that went well. One load is under way at a time; what is asked for meanwhile is one more behind it, for it may
 * have begun before what it is to see.
 */
export class LoadedTable<K extends TableKey, V> implements OpenTable<K, V> {
  readonly #parts: LoadedTableParts<K, V>;
  readonly #meter: TableMeter;
  readonly #stop = new AbortController();
  /** Ends the wait for the next load. */
  #wait = new AbortController();
  #rows: ReadonlyMap<K, V> = new Map();
  #failures = 0;
  #loading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(parts: LoadedTableParts<K, V>, { job, metrics }: OpenContext) {
    this.#parts = parts;
    this.#meter = new TableMeter({ name: parts.name, job, metrics, rows: () => this.#rows.size });
  }

  /** The first load: all or nothing. Loads again from then on. */
  async open(): Promise<this> {
    await this.#load();
    void this.#live();
    return this;
  }

  get(key: K): V | undefined {
    return this.#rows.get(key);
  }

  /** Rejects with what the load failed with; the rows are as they were then, and it is tried again. */
  async reload(): Promise<void> {
    if (this.#loading === undefined) return this.#reload();
    this.#next ??= this.#loading
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#reload();
      });
    return this.#next;
  }

  /** A load that is under way is nobody's any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wait.abort();
  }

  #reload(): Promise<void> {
    this.#loading = this.#orTell().finally(() => {
      this.#loading = undefined;
      // the next one is due from now
      this.#wait.abort();
    });
    return this.#loading;
  }

  async #live(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#wait = new AbortController();
      const { signal } = this.#wait;
      await this.#due(signal);
      if (signal.aborted) continue;
      await this.reload().catch(() => {});
    }
  }

  async #due(signal: AbortSignal): Promise<void> {
    const waitMs = this.#waitMs();
    if (waitMs < Number.POSITIVE_INFINITY) return abortableWait(waitMs, signal);
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  #waitMs(): number {
    const { reloadEveryMs } = this.#parts;
    if (this.#failures === 0) return reloadEveryMs;
    return reloadWait(this.#failures, Math.min(reloadEveryMs, LONGEST_WAIT_MS));
  }

  async #orTell(): Promise<void> {
    try {
      await this.#load();
    } catch (thrown) {
      const error = MillraceError.from(thrown, 'USER_FUNCTION_FAILED', `load of table "${this.#parts.name}"`);
      if (this.#stop.signal.aborted) throw error;
      this.#failures += 1;
      this.#meter.failed(error, this.#waitMs());
      throw error;
    }
  }

  async #load(): Promise<void> {
    const { name, load, timeoutMs, maxRows } = this.#parts;
    const call = new AbortController();
    const signal = AbortSignal.any([call.signal, this.#stop.signal]);
    try {
      const loading = (async () => loadRows(await load(signal), { name, maxRows, signal }))();
      const rows = await withinTime(loading, `load of table "${name}"`, timeoutMs);
      if (this.#stop.signal.aborted) throw new MillraceError('ABORTED', `table "${name}" is closed`);
      this.#rows = rows;
      this.#failures = 0;
      this.#meter.loaded();
    } finally {
      call.abort();
    }
  }
}
