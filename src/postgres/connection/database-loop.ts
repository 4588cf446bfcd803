import type { Retries } from '../../connector/retry/retries.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { type Deferred, deferred } from '../../internal/deferred.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import { WakeUpLatch } from '../../internal/wake-up-latch.js';
import { sqlError } from '../sql/sql-error.js';
import { DatabaseClient } from './database-client.js';
import type { PostgresConnection } from './postgres-connection.js';

/** What is done over the connections of a loop. */
export interface DatabaseWork {
  /** A connection is there: what must be known of the database is asked for. Before the first has done so nothing is open. */
  open(client: DatabaseClient): Promise<void>;
  /** Works until `turn.closing`; rejects with what cannot be done on this connection. */
  run(client: DatabaseClient, turn: DatabaseTurn): Promise<void>;
  /** Nothing will be done any more. */
  failed(error: MillraceError): void;
}

/** What work asks of its loop. */
export interface DatabaseTurn {
  /** The loop is to end: nothing further is begun. */
  readonly closing: boolean;
  /** Something went well: the retries begin anew. */
  passed(): void;
  /** What the loop is for has worked: from now on an error that says it cannot is of a change of the database, which may pass (DB5). */
  proven(): void;
  /** As the loop's: ends a wait. */
  wake(): void;
  /** Waits for `wake`. Whether the connection is still there is not looked at. */
  wait(): Promise<void>;
  /** Waits for `wake`, at most so long, and throws when the connection is lost meanwhile. */
  pause(maxMs?: number): Promise<void>;
}

/** What a loop is made of. */
export interface DatabaseLoopParts {
  /** The same for each of them. */
  readonly connection: PostgresConnection;
  /** Of connecting and of each statement, in milliseconds. */
  readonly timeoutMs: number;
  /** When the next one is tried, and who is told. */
  readonly retries: Retries;
  /** Outlives the connections. */
  readonly work: DatabaseWork;
}

/** How long `close` waits for what is under way. */
const CLOSE_MS = 1_000;
/** For `millrace:retrying`: all that is tried again is one thing here, a connection with what is done on it. */
const CALL = 'database';

/**
 * One connection after another. What may pass is tried again on a new one, after the waits of the retry strategy. It ends by `close`, or by
 * what cannot pass. It owns the connections; its work owns what is done on them, and may keep a client only until `run` has ended.
 *
 * DB1. There is one connection at a time: the next is opened when the one before has ended, or was given up. What the server still does on
 *      one that was given up, work has to find out by itself.
 * DB2. Whatever `open` or `run` rejects with costs the connection: nobody goes on in a session of which it is not known where it stands.
 * DB3. Only `passed` ends an outage. A server that takes connections and fails at the work again and again is one outage, with waits that
 *      get longer, and not many short ones.
 * DB4. The error that ends it is told once, to `failed`, and by `opened` where it was not open yet. Behind a `close` nothing is told.
 * DB5. What the database refuses (a password, a table that is not there, a permission) ends it as long as nothing has worked yet: then it
 *      is a mistake in the options. Behind that it is a change, a migration or a new password, and is tried again. What is not the
 *      database's word, as that a position is another's, ends it at any time.
 */
export class DatabaseLoop implements DatabaseTurn {
  readonly #parts: DatabaseLoopParts;
  readonly #opened: Deferred<void> = deferred();
  readonly #latch = new WakeUpLatch();
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #client: DatabaseClient | undefined;
  /** The last connection failed, and none has done better since. */
  #failing = false;
  #closing = false;
  #isProven = false;

  constructor(parts: DatabaseLoopParts) {
    this.#parts = parts;
    this.#opened.promise.catch(() => {});
    this.#running = this.#run();
  }

  /** Resolves when the database was reached first; rejects when it never will be. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** There may be something to do. */
  wake(): void {
    this.#latch.wake();
  }

  passed(): void {
    this.#failing = false;
    this.#parts.retries.passed(CALL);
  }

  proven(): void {
    this.#isProven = true;
    this.passed();
  }

  wait(): Promise<void> {
    return this.#latch.wait();
  }

  async pause(maxMs?: number): Promise<void> {
    const timer = maxMs === undefined ? undefined : setTimeout(() => this.#latch.wake(), maxMs);
    await this.#latch.wait();
    clearTimeout(timer);
    this.#client?.check();
  }

  /** Ends it; what takes longer than a second is left in doubt. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#latch.wake();
    const timer = setTimeout(() => this.#abort.abort(), CLOSE_MS);
    // a wait between two attempts is not to be sat out
    if (this.#failing) this.#abort.abort();
    await this.#running;
    clearTimeout(timer);
    this.#parts.retries.over('closed');
    this.#opened.reject(new MillraceError('ABORTED', `${this.#parts.retries.part} was closed before it was open`));
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
        this.#parts.work.failed(error);
        return;
      }
    }
  }

  async #connect(): Promise<void> {
    const { connection, timeoutMs, work } = this.#parts;
    const client = await DatabaseClient.open({ connection, timeoutMs, signal: this.#abort.signal });
    this.#client = client;
    try {
      await work.open(client);
      this.#opened.resolve();
      // one that is lost while there is nothing to do is replaced before there is
      client.onLost(() => this.#latch.wake());
      client.check();
      await work.run(client, this);
    } catch (error) {
      client.destroy();
      throw error;
    }
    await client.close();
  }

  /** Waits for the next try. Gives the error that ends the loop, if one does. */
  async #wait(thrown: unknown): Promise<MillraceError | undefined> {
    this.#failing = true;
    const { retries } = this.#parts;
    const verdict = retries.failed(CALL, sqlError(thrown, retries.part, this.#isProven));
    if (verdict.kind !== 'again') {
      retries.over('given-up');
      return verdict.error;
    }
    await abortableWait(verdict.waitMs, this.#abort.signal);
    return undefined;
  }
}
