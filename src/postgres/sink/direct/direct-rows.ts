import { letterOfItem } from '../../../connector/letter-of-item.js';
import type { RejectedItem, SinkProgress } from '../../../connector/sink-writer.js';
import { isFunctionMistake } from '../../../errors/function-mistake.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import type { SqlStatements } from '../../connection/database-client.js';
import { inTransaction } from '../../connection/transaction.js';
import type { SqlFacts } from '../../sql/sql-facts.js';
import { refusedRowError } from '../refused-row-error.js';
import { type BindRow, rejectionOf } from '../row-binder.js';
import type { WrittenRows } from '../writing/batch-work.js';
import { type QueuedRow, type RowLimits, RowQueue } from '../writing/row-queue.js';
import type { RowsStatement } from '../writing/rows-statement.js';

/** A row with the item that it was made of. */
export interface ItemRow<T> extends QueuedRow {
  /** How many items were taken before it: what a rejection names. */
  readonly index: number;
  /** For its letter. */
  readonly item: T;
}

/** What rows are written at least once with. */
export interface DirectRowsParts<T> {
  /** For errors and letters. */
  readonly sink: string;
  /** Throws for an item that is no row. */
  readonly bind: BindRow<T>;
  /** `onError` is `fail`. */
  readonly failOnRejection: boolean;
  /** Of what waits in memory: there is no store behind it. */
  readonly limits: RowLimits;
  /** How they get in, with no position beside them. */
  readonly statement: RowsStatement;
  /** Something is delivered, or rejected. */
  readonly onProgress: () => void;
  /** The sink is at its end, with this error. */
  readonly onFailed: (error: MillraceError) => void;
}

/**
 * Rows in transactions of their own, and nothing that tells which are in: a COMMIT whose answer was cut is done again.
 *
 * What is delivered is a prefix of the items that were taken, those without a row counted as well: all before the first that waits. So a
 * rejection is told together with what was before it, and no later row can overtake it.
 */
export class DirectRows<T> implements WrittenRows<ItemRow<T>> {
  /** What stands behind a batch that failed would be written before it, and then again. */
  readonly depth = 1;
  readonly #parts: DirectRowsParts<T>;
  readonly #queue: RowQueue<ItemRow<T>>;
  #rejected: RejectedItem[] = [];
  /** Items taken ever. */
  #taken = 0;
  /** As `progress` has told it. */
  #reported = 0;

  constructor(parts: DirectRowsParts<T>) {
    this.#parts = parts;
    this.#queue = new RowQueue(parts.limits);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** False when it is full. @throws what the item is rejected with, where that fails the sink */
  add(item: T): boolean {
    if (!this.#queue.hasRoom()) return false;
    try {
      this.#queue.add(this.#row(item, this.#parts.bind(item)));
    } catch (thrown) {
      this.#reject(this.#taken, rejectionOf(item, thrown, this.#parts.sink));
    }
    this.#taken += 1;
    return true;
  }

  progress(): SinkProgress {
    const rejected = this.#rejected;
    this.#rejected = [];
    this.#reported = this.#delivered;
    return { delivered: this.#reported, rejected };
  }

  /** Whether there is room that was asked for, or progress that was not told. */
  takeNews(): boolean {
    return this.#queue.takeRoom() || this.#delivered !== this.#reported || this.#rejected.length > 0;
  }

  open(client: SqlStatements): Promise<void> {
    return this.#parts.statement.check(client);
  }

  get hasFullBatch(): boolean {
    return this.#queue.hasFullBatch;
  }

  batch(): readonly ItemRow<T>[] {
    return this.#queue.batch();
  }

  async write(client: SqlStatements, rows: readonly ItemRow<T>[]): Promise<void> {
    const { statement } = this.#parts;
    const write = () => statement.execute(client, rows);
    // one statement is a transaction of its own
    await (statement.guarded === undefined ? inTransaction(client, write) : write());
  }

  written(count: number): void {
    this.#queue.grow();
    this.#queue.take(count);
    this.#parts.onProgress();
  }

  split(count: number): boolean {
    return this.#queue.halve(count);
  }

  isStale(client: SqlStatements): Promise<boolean> {
    return this.#parts.statement.isStale(client);
  }

  async refuse(_client: SqlStatements, { item, index }: ItemRow<T>, { code, message }: SqlFacts): Promise<void> {
    const { sink, onProgress } = this.#parts;
    const error = refusedRowError(sink, code, message);
    this.#reject(index, letterOfItem({ item, error, attempt: 1, origin: sink }));
    this.#queue.grow();
    this.#queue.take(1);
    onProgress();
  }

  failed(error: MillraceError): void {
    this.#parts.onFailed(error);
  }

  /** All before the first that waits: in the database, or rejected. */
  get #delivered(): number {
    return this.#queue.first?.index ?? this.#taken;
  }

  #row(item: T, text: string): ItemRow<T> {
    const json = Buffer.from(text);
    return { json, bytes: json.byteLength, index: this.#taken, item };
  }

  #reject(index: number, letter: RejectedItem['letter']): void {
    if (this.#parts.failOnRejection || isFunctionMistake(letter.error)) throw letter.error;
    this.#rejected.push({ index, letter });
  }
}
