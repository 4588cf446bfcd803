import type { Retries } from '../../../connector/retry/retries.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { abortableWait } from '../../../internal/abortable-wait.js';
import { type Deferred, deferred } from '../../../internal/deferred.js';
import { WakeUpLatch } from '../../../internal/wake-up-latch.js';
import { DatabaseClient } from '../../connection/database-client.js';
import type { PostgresConnection } from '../../connection/postgres-connection.js';
import { type SqlFacts, sqlError, sqlErrorKind, sqlFacts } from '../../sql/sql-error.js';
import type { SinkMeter } from '../sink-meter.js';
import type { QueuedRow } from './row-queue.js';

/** Whose rows a loop writes. */
export interface WrittenRows<R extends QueuedRow> {
  /** A connection is there: what must be known of the database is asked for. */
  open(client: DatabaseClient): Promise<void>;
  /** The rows of the next transaction; empty when there are none. */
  batch(): readonly R[];
  /** Writes them in one transaction. */
  write(client: DatabaseClient, rows: readonly R[]): Promise<void>;
  /** One of so many cannot pass. False: it was alone. */
  split(count: number): boolean;
  /** This one cannot pass: it is given up, or the sink fails with what is thrown. */
  refuse(client: DatabaseClient, row: R, facts: SqlFacts): Promise<void>;
  /** Nothing will be written any more. */
  failed(error: MillraceError): void;
}

/** What a loop is made of. */
export interface WriteLoopParts<R extends QueuedRow> {
  readonly sink: string;
  readonly connection: PostgresConnection;
  readonly timeoutMs: number;
  readonly retries: Retries;
  readonly rows: WrittenRows<R>;
  readonly meter: SinkMeter;
}

/** How long `close` waits for the transaction under way. */
const CLOSE_MS = 1_000;

/**
 * One connection after another, and on it one transaction after another. What may pass is tried again on a new connection, after the waits of
 * the retry strategy; meanwhile rows wait, and whoever gives them is told by a full queue. It ends by `close`, or by what cannot pass.
 */
export class WriteLoop<R extends QueuedRow> {
  readonly #parts: WriteLoopParts<R>;
  readonly #opened: Deferred<void> = deferred();
  readonly #latch = new WakeUpLatch();
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  /** The last connection failed, and none has done better since. */
  #failing = false;
  #closing = false;

  constructor(parts: WriteLoopParts<R>) {
    this.#parts = parts;
    this.#opened.promise.catch(() => {});
    this.#running = this.#run();
  }

  /** Resolves when the database was reached first; rejects when it never will be. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** There may be rows. */
  wake(): void {
    this.#latch.wake();
  }

  /** Ends it; a transaction that takes longer than a second is left in doubt. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#latch.wake();
    const timer = setTimeout(() => this.#abort.abort(), CLOSE_MS);
    // a wait between two attempts is not to be sat out
    if (this.#failing) this.#abort.abort();
    await this.#running;
    clearTimeout(timer);
    this.#opened.reject(new MillraceError('ABORTED', `sink "${this.#parts.sink}" was closed before it was open`));
  }

  async #run(): Promise<void> {
    while (!this.#closing) {
      try {
        await this.#connect();
      } catch (thrown) {
        if (this.#closing) return;
        const error = await this.#wait(thrown);
        if (error === undefined) continue;
        this.#opened.reject(error);
        this.#parts.rows.failed(error);
        return;
      }
    }
  }

  async #connect(): Promise<void> {
    const { connection, timeoutMs, rows } = this.#parts;
    const client = await DatabaseClient.open({ connection, timeoutMs, signal: this.#abort.signal });
    try {
      await rows.open(client);
      this.#opened.resolve();
      await this.#write(client);
    } catch (error) {
      client.destroy();
      throw error;
    }
    await client.close();
  }

  async #write(client: DatabaseClient): Promise<void> {
    const { rows, meter } = this.#parts;
    // one that is lost while nothing is to be written is replaced before there is
    client.onLost(() => this.#latch.wake());
    while (!this.#closing) {
      client.check();
      const batch = rows.batch();
      if (batch.length === 0) {
        this.#passed();
        await this.#latch.wait();
        continue;
      }
      const startMs = performance.now();
      if (!(await this.#writeBatch(client, batch))) continue;
      meter.written(batch.length, performance.now() - startMs);
      this.#passed();
    }
  }

  /** A transaction went through, or there is none to be tried. */
  #passed(): void {
    this.#failing = false;
    this.#parts.retries.passed(CALL);
  }

  /** False when the batch has a row that cannot pass. */
  async #writeBatch(client: DatabaseClient, batch: readonly R[]): Promise<boolean> {
    const { rows, meter } = this.#parts;
    try {
      await rows.write(client, batch);
      return true;
    } catch (error) {
      const facts = sqlFacts(error);
      const [first] = batch;
      if (facts === undefined || first === undefined || sqlErrorKind(error) !== 'row') throw error;
      await client.run('ROLLBACK');
      if (rows.split(batch.length)) return false;
      await rows.refuse(client, first, facts);
      meter.refused();
      return false;
    }
  }

  /** Waits for the next try. Gives the error that ends the loop, if one does. */
  async #wait(thrown: unknown): Promise<MillraceError | undefined> {
    this.#failing = true;
    const verdict = this.#parts.retries.failed(CALL, sqlError(thrown, `sink "${this.#parts.sink}"`));
    if (verdict.kind !== 'again') return verdict.error;
    await abortableWait(verdict.waitMs, this.#abort.signal);
    return undefined;
  }
}

/** For `millrace:retrying`: all that is tried again is one thing here, a connection with what is done on it. */
const CALL = 'database';
