import { Ring } from '../../../internal/ring.js';

/** A row that waits to be written. */
export interface QueuedRow {
  /** What the statement is given of it, as JSON in UTF-8. */
  readonly json: Uint8Array;
  /** What it counts in the bound of a batch. */
  readonly bytes: number;
}

/** Of a queue and of its batches. */
export interface RowLimits {
  /** Rows that one transaction may have. */
  readonly batchSize: number;
  /** Bytes of a batch; one row may have more. */
  readonly batchBytes: number;
  /** Batches that may wait in memory, the one under way among them. */
  readonly batches: number;
}

/**
 * The rows between whoever gives them and the database, in order: the first of them are the batches under way. A batch with a row that the
 * database would not have is written again in halves, until that row stands alone; the next ones grow again. So what is good keeps its
 * order and its transactions, and no savepoint is needed.
 */
export class RowQueue<R extends QueuedRow> {
  readonly #limits: RowLimits;
  readonly #rows = new Ring<R>();
  #bytes = 0;
  /** Rows at the front that are under way. */
  #given = 0;
  #givenBytes = 0;
  /** Rows that the next batch may have. */
  #size: number;
  /** Somebody was told that there is no room. */
  #owesRoom = false;

  constructor(limits: RowLimits) {
    this.#limits = limits;
    this.#size = limits.batchSize;
  }

  get length(): number {
    return this.#rows.size;
  }

  /** The oldest. */
  get first(): R | undefined {
    return this.#rows.peek();
  }

  /** Asked before `add`; where there is none it is owed (`takeRoom`). */
  hasRoom(): boolean {
    const { batchSize, batchBytes, batches } = this.#limits;
    const isFull = this.#rows.size >= batchSize * batches || this.#bytes >= batchBytes * batches;
    this.#owesRoom ||= isFull;
    return !isFull;
  }

  add(row: R): void {
    this.#rows.push(row);
    this.#bytes += row.bytes;
  }

  /** Whether there is room again that somebody was refused; told once. */
  takeRoom(): boolean {
    if (!this.#owesRoom) return false;
    this.#owesRoom = false;
    return this.hasRoom();
  }

  /** Whether `batch` would give as much behind what is under way as it ever does; false while a bad row is looked for. */
  get hasFullBatch(): boolean {
    const { batchSize, batchBytes } = this.#limits;
    if (this.#size < batchSize) return false;
    return this.#rows.size - this.#given >= batchSize || this.#bytes - this.#givenBytes >= batchBytes;
  }

  /** What the next transaction has: the oldest that are not under way, at least one row where there is any. They are so from now on. */
  batch(): readonly R[] {
    const rows: R[] = [];
    let bytes = 0;
    const from = this.#rows.first + this.#given;
    for (let index = from; rows.length < this.#size; index += 1) {
      const row = this.#rows.get(index);
      if (row === undefined || (rows.length > 0 && bytes + row.bytes > this.#limits.batchBytes)) break;
      rows.push(row);
      bytes += row.bytes;
    }
    this.#given += rows.length;
    this.#givenBytes += bytes;
    return rows;
  }

  /** The first rows are done with, under way or not. Gives them. */
  take(count: number): readonly R[] {
    const taken: R[] = [];
    for (let index = 0; index < count; index += 1) {
      const row = this.#rows.shift();
      if (row === undefined) break;
      this.#bytes -= row.bytes;
      if (this.#given > 0) {
        this.#given -= 1;
        this.#givenBytes -= row.bytes;
      }
      taken.push(row);
    }
    return taken;
  }

  /** A batch of so many rows was written. */
  grow(): void {
    this.#size = Math.min(this.#limits.batchSize, this.#size * 2);
  }

  /**
   * The oldest batch, of so many rows, has one that the database would not have, and none is under way now. False when it was one alone.
   */
  halve(count: number): boolean {
    this.#given = 0;
    this.#givenBytes = 0;
    if (count <= 1) return false;
    this.#size = Math.floor(count / 2);
    return true;
  }
}
