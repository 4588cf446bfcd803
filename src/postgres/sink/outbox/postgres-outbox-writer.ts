import type { DeadLetter } from '../../../connector/dead-letter.js';
import type { DurableSinkWriter, OutboxSender, Prepared, PreparedRow } from '../../../connector/durable-sink.js';
import { letterOfItem } from '../../../connector/letter-of-item.js';
import type { RejectedItem } from '../../../connector/sink-writer.js';
import { isFunctionMistake } from '../../../errors/function-mistake.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import { Readiness } from '../../../internal/readiness.js';
import type { DatabaseLoop } from '../../connection/database-loop.js';
import type { RefusedSeq } from '../position/sink-position.js';
import { refusedRowError } from '../refused-row-error.js';
import { type BindRow, rejectionOf } from '../row-binder.js';
import { decodeLetter, encodeRow, type LetterParts } from '../stored-row.js';
import type { LoopOwner } from '../writing/loop-owner.js';
import type { RowOutbox } from './row-outbox.js';

/** What a writer is made of. */
export interface OutboxWriterParts<T> {
  /** For errors and letters. */
  readonly sink: string;
  /** Throws for an item that is no row. */
  readonly bind: BindRow<T>;
  /** `fail` and `skip` need no letter with all that is known of the item. */
  readonly keepsLetters: boolean;
  /** `onError` is `fail`. */
  readonly failOnRejection: boolean;
  /** Its only one. */
  readonly outbox: RowOutbox;
  /** Made with a writer that is told of progress and failure. */
  readonly loop: (writer: LoopOwner) => DatabaseLoop;
}

/**
 * A sink to PostgreSQL in a job with a store: items become rows here, the loop writes them once they are durable. What an item is rejected
 * for is found out in `prepare`, by `bind`, so that no row which cannot be one is ever stored; what the database refuses comes later, and
 * by way of the outbox. The letter of that is stored with the row: the item is gone by then.
 */
export class PostgresOutboxWriter<T> implements DurableSinkWriter<T>, LoopOwner {
  readonly outboxes: readonly OutboxSender[];
  readonly #parts: OutboxWriterParts<T>;
  readonly #loop: DatabaseLoop;
  readonly #readiness = new Readiness();
  #failure: MillraceError | undefined;

  constructor(parts: OutboxWriterParts<T>) {
    this.#parts = parts;
    this.outboxes = [parts.outbox];
    this.#loop = parts.loop(this);
  }

  get opened(): Promise<void> {
    return this.#loop.opened;
  }

  prepare(items: readonly T[]): Prepared {
    if (this.#failure !== undefined) throw this.#failure;
    const rows: PreparedRow[] = [];
    const rejected: RejectedItem[] = [];
    items.forEach((item, index) => {
      try {
        rows.push({ outbox: 0, bytes: this.#encode(item) });
      } catch (thrown) {
        const letter = rejectionOf(item, thrown, this.#parts.sink);
        if (this.#parts.failOnRejection || isFunctionMistake(letter.error)) throw letter.error;
        rejected.push({ index, letter });
      }
    });
    return { rows, rejected };
  }

  flush(): void {
    this.#loop.wake();
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#parts.outbox.takeNews() ? Promise.resolve() : this.#readiness.wait();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  changed(): void {
    // asked only for somebody who waits: news is told once
    if (this.#readiness.awaited && this.#parts.outbox.takeNews()) this.#readiness.notify();
  }

  failed(error: MillraceError): void {
    this.#failure ??= error;
    this.#parts.outbox.fail(error);
    this.#readiness.fail(error);
  }

  #encode(item: T): Uint8Array {
    const { bind, keepsLetters, sink } = this.#parts;
    const json = bind(item);
    return encodeRow({ json, letter: keepsLetters ? partsOfLetter(item, sink) : undefined });
  }
}

/** The letter of a row that the database would not have. */
export const letterOfRefused = (sink: string, stored: Uint8Array, { code, message }: RefusedSeq): DeadLetter => ({
  ...decodeLetter(stored),
  error: refusedRowError(sink, code, message),
  attempt: 1,
  timestampMs: Date.now(),
  origin: sink,
});

/** What is known of an item now: it is not there any more when the database has seen its row. */
const partsOfLetter = (item: unknown, origin: string): LetterParts => {
  const { payload, attributes } = letterOfItem({ item, error: NOT_YET, attempt: 1, origin });
  return { payload, attributes };
};

/** Made once: an error costs a stack trace. */
const NOT_YET = refusedRowError('', '', '');
