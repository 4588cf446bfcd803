import { letterOfItem } from '../../../connector/letter-of-item.js';
import type { Polled, RejectedInput, SourceReader, SourceSnapshot } from '../../../connector/source-reader.js';
import { isFunctionMistake } from '../../../errors/function-mistake.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { deferred } from '../../../internal/deferred.js';
import { Readiness } from '../../../internal/readiness.js';
import { refusePromise } from '../../../internal/refuse-promise.js';
import { Ring } from '../../../internal/ring.js';
import type { PostgresRow } from '../options/postgres-source-options.js';

/** A row that was read, and by what it is told from the others. */
export interface KeyedRow {
  /** The value of the column that tells rows, as text: a `bigint` is no number. */
  readonly key: string;
  /** Without the key that was added. */
  readonly row: PostgresRow;
}

/** What a source keeps of the rows that it has given: it decides what is stored and what becomes of a row behind a commit. */
export interface RowBook {
  /** A row was given at this position, one above the last. */
  give(position: number, key: string): void;
  /** What belongs into a commit that covers all up to there. */
  snapshot(upTo: number): unknown;
  /** That is durable, or nothing is to be. */
  committed(upTo: number): void;
}

/** What a reader is made of. */
export interface RowReaderParts<T> {
  /** Of the source, for errors and letters. */
  readonly name: string;
  /** Called when the engine takes a row, not when it is read. */
  readonly mapToItem: (row: PostgresRow) => T;
  /** `onError` is `fail`. */
  readonly failOnRejection: boolean;
  /** Told of each row that is given. */
  readonly book: RowBook;
  /** There may be room, or something to be done behind a commit. */
  readonly onChange: () => void;
  /** Ends the loop that reads. */
  readonly close: () => Promise<void>;
}

/**
 * The rows of a source between the loop that reads them and the engine. Positions count from 0 at each opening: what is stored is what the
 * book says, and no position. A row becomes an item at the poll: what waits here has no position yet, and its memory is bounded by whoever
 * adds to it, which looks at `waiting`. The book is told of a rejected row as of any other, so that it is done with, too.
 */
export class RowReader<T> implements SourceReader<T> {
  readonly #parts: RowReaderParts<T>;
  readonly #buffer = new Ring<KeyedRow>();
  readonly #readiness = new Readiness();
  readonly #failed = deferred<MillraceError>();
  #next = 0;
  #failure: MillraceError | undefined;
  #isClosed = false;

  constructor(parts: RowReaderParts<T>) {
    this.#parts = parts;
  }

  get failed(): Promise<MillraceError> {
    return this.#failed.promise;
  }

  /** Rows that were read and not given. */
  get waiting(): number {
    return this.#buffer.size;
  }

  /** Their keys. */
  get waitingKeys(): readonly string[] {
    return [...this.#buffer].map(({ key }) => key);
  }

  /** Rows that were read, behind those that wait. */
  add(rows: readonly KeyedRow[]): void {
    for (const row of rows) this.#buffer.push(row);
    if (rows.length > 0) this.#readiness.notify();
  }

  /** Nothing will be read any more. */
  fail(error: MillraceError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#failed.resolve(error);
    this.#readiness.fail(error);
  }

  poll(max: number): Polled<T> {
    if (this.#failure !== undefined) throw this.#failure;
    const first = this.#next;
    const items: T[] = [];
    const rejected: RejectedInput[] = [];
    let bytes = 0;
    for (let count = 0; count < max; count += 1) {
      const next = this.#buffer.shift();
      if (next === undefined) break;
      bytes += sizeOf(next.row);
      this.#give(next, items, rejected);
    }
    if (this.#next > first) this.#parts.onChange();
    return { items, timestampMs: Date.now(), first, last: this.#next - 1, bytes, rejected, done: this.#isClosed };
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#buffer.size > 0 || this.#isClosed ? Promise.resolve() : this.#readiness.wait();
  }

  snapshot(upTo: number): SourceSnapshot {
    return { mark: upTo, state: this.#parts.book.snapshot(upTo) };
  }

  committed(mark: number): void {
    this.#parts.book.committed(mark);
    this.#parts.onChange();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#readiness.notify();
    await this.#parts.close();
  }

  #give({ key, row }: KeyedRow, items: T[], rejected: RejectedInput[]): void {
    const { name } = this.#parts;
    const position = this.#next;
    try {
      const item = this.#parts.mapToItem(row);
      refusePromise(item, `mapToItemFn of source "${name}"`);
      items.push(item);
    } catch (thrown) {
      rejected.push({ position, letter: this.#reject(row, key, thrown) });
    }
    this.#next += 1;
    this.#parts.book.give(position, key);
  }

  #reject(row: PostgresRow, key: string, thrown: unknown): RejectedInput['letter'] {
    const { name, failOnRejection } = this.#parts;
    const what = `mapToItemFn of source "${name}", row ${key}`;
    const error = MillraceError.from(thrown, 'USER_FUNCTION_FAILED', what, ADVICE);
    if (failOnRejection || isFunctionMistake(error)) {
      this.fail(error);
      throw error;
    }
    return letterOfItem({ item: row, error, attempt: 1, origin: name, key });
  }
}

const ADVICE = 'Mend the function, or give the source an onError.';

/** About: for the bound of what is under way. */
const sizeOf = (row: PostgresRow): number => {
  let bytes = 0;
  for (const value of Object.values(row)) {
    if (typeof value === 'string') bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.byteLength;
    else bytes += OTHER_BYTES;
  }
  return bytes;
};

/** A number, a date, or the like; JSON may be more. */
const OTHER_BYTES = 16;
