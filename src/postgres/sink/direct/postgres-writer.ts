import type { SinkProgress, SinkWriter } from '../../../connector/sink-writer.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import { Readiness } from '../../../internal/readiness.js';
import type { DatabaseLoop } from '../../connection/database-loop.js';
import type { LoopOwner } from '../writing/loop-owner.js';
import type { DirectRows } from './direct-rows.js';

/** What a writer drives. */
export interface DirectWriterParts<T> {
  /** Made with the writer, which they tell. */
  readonly rows: (owner: LoopOwner) => DirectRows<T>;
  /** Made with the rows, which it writes. */
  readonly loop: (rows: DirectRows<T>) => DatabaseLoop;
}

/**
 * A sink to PostgreSQL in a job without a store, or behind an outbox of the engine: at least once. Rows go out with `flush`, which wakes
 * the loop: until then they gather, and a tick is one batch where the database keeps up.
 */
export class PostgresWriter<T> implements SinkWriter<T>, LoopOwner {
  readonly #rows: DirectRows<T>;
  readonly #loop: DatabaseLoop;
  readonly #readiness = new Readiness();
  #failure: MillraceError | undefined;

  constructor({ rows, loop }: DirectWriterParts<T>) {
    this.#rows = rows(this);
    this.#loop = loop(this.#rows);
  }

  /** Resolves when the database was reached. */
  get opened(): Promise<void> {
    return this.#loop.opened;
  }

  write(items: readonly T[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    let taken = 0;
    for (const item of items) {
      if (!this.#rows.add(item)) break;
      taken += 1;
    }
    return taken;
  }

  flush(): void {
    this.#loop.wake();
  }

  progress(): SinkProgress {
    return this.#rows.progress();
  }

  ready(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#rows.takeNews() ? Promise.resolve() : this.#readiness.wait();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  changed(): void {
    // asked only for somebody who waits: news is told once
    if (this.#readiness.awaited && this.#rows.takeNews()) this.#readiness.notify();
  }

  failed(error: MillraceError): void {
    this.#failure ??= error;
    this.#readiness.fail(error);
  }
}
