import type { OutboxRow } from '../../../connector/durable-sink.js';
import { Ring } from '../../../internal/ring.js';

/** Durable rows beyond these stay in the store until the sender gets there. */
export const CACHED_ROWS = 4096;
/** One row may overshoot it. */
const CACHED_BYTES = 4 * 1024 * 1024;
/** Reads rows from the store, as they are asked for. */
type ReadRows = (from: number, to: number) => Iterable<OutboxRow>;

/**
 * The durable rows of an outbox in order, from the one that the sender wants next. Those that were just stored are in memory while
 * there is room; the rest is read back, so a backlog of any size costs no memory.
 */
export class DurableRows {
  readonly #read: ReadRows;
  /** Without a gap, up to `#cachedTo`; below what the sender wants they are forgotten with the next question. */
  readonly #rows = new Ring<OutboxRow>();
  #bytes = 0;
  /** One above the last row in memory. */
  #cachedTo: number;
  /** One above the last durable row. */
  #end: number;

  constructor(read: ReadRows, next: number, end: number) {
    this.#read = read;
    this.#cachedTo = next;
    this.#end = end;
  }

  /** All below `end` are durable now. These are the last of them, or some: what is not given is read back. */
  add(rows: readonly OutboxRow[], end: number): void {
    for (const row of rows) if (!this.#remember(row)) break;
    this.#end = Math.max(this.#end, end);
  }

  /** Some rows from `next` on, `most` of them at most; empty when none is durable. */
  from(next: number, most: number): readonly OutboxRow[] {
    this.#forgetBelow(next);
    if (this.#rows.size === 0 && next < this.#end) this.#readAhead(next);
    return this.#rows.oldest(most);
  }

  /** The sender has a row for itself once it has taken it. */
  #forgetBelow(next: number): void {
    for (let row = this.#rows.peek(); row !== undefined && row.seq < next; row = this.#rows.peek()) {
      this.#bytes -= row.bytes.byteLength;
      this.#rows.shift();
    }
    this.#cachedTo = Math.max(this.#cachedTo, next);
  }

  /** Only when memory is empty, and as much as fits: so a chunk is not decoded for each offer. */
  #readAhead(next: number): void {
    this.#cachedTo = next;
    const to = Math.min(this.#end, next + CACHED_ROWS);
    for (const row of this.#read(next, to)) if (!this.#remember(row)) return;
  }

  /** Keeps a row that follows without a gap, while there is room. */
  #remember(row: OutboxRow): boolean {
    const full = this.#rows.size >= CACHED_ROWS || this.#bytes >= CACHED_BYTES;
    if (full || row.seq !== this.#cachedTo) return false;
    this.#rows.push(row);
    this.#bytes += row.bytes.byteLength;
    this.#cachedTo = row.seq + 1;
    return true;
  }
}
