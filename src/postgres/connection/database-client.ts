import type pg from 'pg';
import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';
import { loadPg } from './load-pg.js';
import { type PostgresConnection, placeOf } from './postgres-connection.js';

/** The server ends a statement by itself first; so much later it is taken for one that stands still. */
const GRACE_MS = 2_000;
const NOTHING = Promise.resolve();
const noop = (): void => {};
/** The class of what an operator does to a connection: a server that stops at once says it as a warning. */
const OPERATOR = '57P';
/** How long an orderly end is waited for. */
const END_MS = 1_000;

/** What a statement came to. */
export interface QueryResult {
  /** The word by which the server answers: `INSERT`, `SELECT`. */
  readonly command: string;
  /** Rows that it changed or gave; null where the command has none. */
  readonly rowCount: number | null;
  /** By column, as the type parsers of `pg` read them. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** A statement with its values. One with a name is parsed once for each connection. */
export interface Statement {
  /** SQL, with `$1`, `$2`, … for the values. */
  readonly text: string;
  /** In the order of their numbers. Never logged by us; by the server only where it is set so. */
  readonly values: readonly unknown[];
  /** Of the prepared statement. The same name must have the same text on each connection. */
  readonly name?: string;
}

/** How a client is opened. */
export interface ClientOptions {
  /** Never shown: it may have a password. */
  readonly connection: PostgresConnection;
  /** Of connecting and of each statement, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** Where statements are run: one connection, whoever has it. */
export type SqlStatements = Pick<DatabaseClient, 'run' | 'query'>;

/**
 * One connection to a database. It is used by one caller at a time, and dropped after the first failure that is not the statement's own:
 * what it was doing then is in doubt. A server that stands still is noticed by a clock on this side.
 *
 * DC1. Nothing waits for ever: each answer has the time of a statement and a little more, and whoever waits is told when the connection
 *      is lost. The server's own limit comes first, so that a slow statement is its error (57014), and not a connection that is in doubt.
 * DC2. An error of a statement is the server's, as `pg` gives it, and the connection can still be used; any other rejection has ended it.
 */
export class DatabaseClient {
  readonly #client: pg.Client;
  readonly #timeoutMs: number;
  readonly #place: string;
  readonly #onAbort: () => void;
  readonly #signal: AbortSignal;
  /** Rejects once it can be used no more, so that nothing waits for an answer that cannot come. */
  readonly #lost = deferred<never>();
  #failure: Error | undefined;
  #isDismissed = false;
  /** Resolves when the statement that was sent last has ended. */
  #newest: Promise<unknown> = NOTHING;

  private constructor(client: pg.Client, { connection, timeoutMs, signal }: ClientOptions) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#place = placeOf(connection);
    this.#signal = signal;
    this.#onAbort = () => this.destroy();
    // between statements nobody else hears of it; it would end the process
    client.on('error', (error) => this.#lose(error));
    client.on('notice', ({ code }) => {
      this.#isDismissed ||= code?.startsWith(OPERATOR) ?? false;
    });
    client.on('end', () => this.#lose(new Error('the connection was ended')));
    this.#lost.promise.catch(() => {});
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Connects, and makes the session one that can be relied on. Rejects with what `pg` gives. */
  static async open(options: ClientOptions): Promise<DatabaseClient> {
    const { connection, timeoutMs, signal } = options;
    const { Client } = await loadPg();
    signal.throwIfAborted();
    const client = new DatabaseClient(new Client(configOf(connection, timeoutMs)), options);
    try {
      await client.#within(client.#client.connect(), 'connect');
      await client.run(SESSION(timeoutMs));
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  /**
   * Rejects with the server's error, with that of the connection, or with TIMEOUT. One that is called before the one in front is answered
   * goes out at once where `pg` can do that (from 8.23 on), else behind its answer.
   */
  query(statement: Statement): Promise<QueryResult> {
    return this.#behindOthers(this.#client.query(queryOf(statement)));
  }

  /** Statements without values, in one round trip. Gives the result of each. */
  async run(text: string): Promise<readonly QueryResult[]> {
    // `pg` gives an array where there are several, which its types do not say
    const result = await this.#behindOthers(this.#client.query(text));
    return Array.isArray(result) ? result : [result];
  }

  /** Calls back for each notification. @param channel is listened to by whoever calls this */
  onNotification(listener: () => void): void {
    this.#client.on('notification', listener);
  }

  /** Calls back once when the connection has ended, for whatever reason. */
  onLost(listener: () => void): void {
    this.#lost.promise.catch(listener);
  }

  /** Whether the server has said that it ends the connection: it is stopped, or another of its processes has crashed. */
  get isDismissed(): boolean {
    return this.#isDismissed;
  }

  /** @throws why it can be used no more */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends it in order, or after a second at once. Never rejects. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.destroy(), END_MS);
    try {
      await this.#client.end();
    } catch {
      this.destroy();
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', this.#onAbort);
    }
  }

  /** Ends it at once: the server finds out by itself. */
  destroy(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#lose(new Error('the connection was given up'));
    this.#client.connection.stream.destroy();
  }

  #lose(error: Error): void {
    this.#failure ??= error;
    this.#lost.reject(error);
  }

  /** The clock of a statement begins when those in front of it are answered. */
  async #behindOthers<R>(work: Promise<R>): Promise<R> {
    const inFront = this.#newest;
    const ended = work.then(noop, noop);
    this.#newest = ended;
    return this.#within(work, 'a statement', inFront);
  }

  async #within<R>(work: Promise<R>, what: string, inFront: Promise<unknown> = NOTHING): Promise<R> {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const late = new Promise<never>((_, reject) => {
      void inFront.then(() => {
        if (isOver) return;
        timer = setTimeout(() => {
          reject(this.#timedOut(what));
          this.destroy();
        }, this.#timeoutMs + GRACE_MS);
      });
    });
    try {
      return await Promise.race([work, late, this.#lost.promise]);
    } finally {
      isOver = true;
      clearTimeout(timer);
      // where the clock was first
      work.catch(() => {});
    }
  }

  #timedOut(what: string): MillraceError {
    return new MillraceError('TIMEOUT', `${what} was not answered by ${this.#place} within ${this.#timeoutMs} ms`, {
      advice: 'The server may stand still, or wait for a lock: look at pg_stat_activity, or raise timeoutMs.',
    });
  }
}

/**
 * A COMMIT that is answered must be durable (`synchronous_commit`), a transaction whose client stands still must not hold its locks for
 * ever, a statement that is a transaction of its own must see what others have committed while it waited, our own literals must mean what
 * they say, and who waits for rows is no idler (`idle_session_timeout`, from PostgreSQL 14 on).
 */
const SESSION = (timeoutMs: number): string =>
  `SET statement_timeout = ${timeoutMs}; SET idle_in_transaction_session_timeout = ${timeoutMs}; ` +
  `SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on; SELECT set_config('synchronous_commit', 'on', false) ` +
  `WHERE current_setting('synchronous_commit') = 'off'; SELECT set_config('idle_session_timeout', '0', false) ` +
  `WHERE current_setting('idle_session_timeout', true) <> '0'`;

const queryOf = ({ text, values, name }: Statement): pg.QueryConfig => ({
  text,
  values: [...values],
  ...(name === undefined ? {} : { name }),
});

const configOf = (connection: PostgresConnection, timeoutMs: number): pg.ClientConfig => {
  const common = { connectionTimeoutMillis: timeoutMs, keepAlive: true, pipeline: true };
  if (typeof connection === 'string') {
    return { ...common, application_name: 'millrace', connectionString: connection };
  }
  const { applicationName, ssl, ...parts } = connection;
  return {
    ...common,
    ...parts,
    application_name: applicationName ?? 'millrace',
    ...(ssl === undefined ? {} : { ssl }),
  };
};
