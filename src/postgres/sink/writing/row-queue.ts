import { Ring } from '../../../internal/ring.js';

/** A row that waits to be written. */
export interface QueuedRow {
  /** What the statement is given of it, as JSON. */
  readonly json: string;
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
 * The rows between whoever gives them and the database, in order: the first of them are the batch under way. A batch with a row that the
 * database would not have is written again in halves, until that row stands alone; the next ones grow again. So what is good keeps its order
 * and its transactions, and no savepoint is needed.
 */
export class RowQueue<R extends QueuedRow> {
  readonly #limits: RowLimits;
  readonly #rows = new Ring<R>();
  #bytes = 0;
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

  /** What the next transaction has: from the front, at least one row where there is any. */
  batch(): readonly R[] {
    const rows = this.#rows.oldest(this.#size);
    let bytes = 0;
    const tooMany = rows.findIndex((row) => {
      bytes += row.bytes;
      return bytes > this.#limits.batchBytes;
    });
    return tooMany === -1 ? rows : rows.slice(0, Math.max(1, tooMany));
  }

  /** The first rows are done with. Gives them. */
  take(count: number): readonly R[] {
    const taken: R[] = [];
    for (let index = 0; index < count; index += 1) {
      const row = this.#rows.shift();
      if (row === undefined) break;
      this.#bytes -= row.bytes;
      taken.push(row);
    }
    return taken;
  }

  /** A batch of so many rows was written. */
  grow(): void {
    this.#size = Math.min(this.#limits.batchSize, this.#size * 2);
  }

  /** A batch of so many rows has one that the database would not have. False when it was one alone. */
  halve(count: number): boolean {
    if (count <= 1) return false;
    this.#size = Math.floor(count / 2);
    return true;
  }
}
