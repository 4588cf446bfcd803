import type { MillraceError } from '../../../errors/millrace-error.js';
import type { DatabaseClient, SqlStatements } from '../../connection/database-client.js';
import type { DatabaseTurn, DatabaseWork } from '../../connection/database-loop.js';
import { sqlErrorKind } from '../../sql/sql-error-kind.js';
import { type SqlFacts, sqlFacts } from '../../sql/sql-facts.js';
import type { SinkMeter } from '../sink-meter.js';
import type { QueuedRow } from './row-queue.js';

/** Whose rows are written. */
export interface WrittenRows<R extends QueuedRow> {
  /** A connection is there: what must be known of the database is asked for. */
  open(client: SqlStatements): Promise<void>;
  /** The rows of the next transaction; empty when there are none. */
  batch(): readonly R[];
  /** Writes them in one transaction. */
  write(client: SqlStatements, rows: readonly R[]): Promise<void>;
  /** One of so many cannot pass. False: it was alone. */
  split(count: number): boolean;
  /** This one cannot pass: it is given up, or the sink fails with what is thrown. */
  refuse(client: SqlStatements, row: R, facts: SqlFacts): Promise<void>;
  /** Nothing will be written any more. */
  failed(error: MillraceError): void;
}

/**
 * One transaction after another; rows that come meanwhile are the next one. What a failure says decides what becomes of its rows:
 *
 * BW1. Rows are written in their order, each batch from the oldest on: none is passed over but one that was refused.
 * BW2. A row is refused only when it failed alone, in a transaction of its own: the rows that stood beside it are written.
 * BW3. What says nothing of rows costs the connection and no row: they are tried again on the next one, fewer at once, for a batch that takes
 *      too long may pass in parts.
 * BW4. Where the server does not say whether it is the row, that is believed of one that fails alone several times.
 */
export class BatchWork<R extends QueuedRow> implements DatabaseWork {
  readonly #rows: WrittenRows<R>;
  readonly #meter: SinkMeter;
  /** The row that failed alone, for no reason that the server names. */
  #unclear: { readonly row: R; readonly times: number } | undefined;

  constructor(rows: WrittenRows<R>, meter: SinkMeter) {
    this.#rows = rows;
    this.#meter = meter;
  }

  open(client: DatabaseClient): Promise<void> {
    return this.#rows.open(client);
  }

  async run(client: DatabaseClient, turn: DatabaseTurn): Promise<void> {
    while (!turn.closing) {
      const batch = this.#rows.batch();
      if (batch.length === 0) {
        turn.passed();
        await turn.pause();
        continue;
      }
      const startMs = performance.now();
      if (!(await this.#write(client, batch))) continue;
      this.#meter.written(batch.length, performance.now() - startMs);
      turn.passed();
    }
  }

  failed(error: MillraceError): void {
    this.#rows.failed(error);
  }

  /** False when the batch has a row that cannot pass. */
  async #write(client: DatabaseClient, batch: readonly R[]): Promise<boolean> {
    try {
      await this.#rows.write(client, batch);
      return true;
    } catch (error) {
      const facts = sqlFacts(error);
      const [first] = batch;
      if (facts === undefined || first === undefined || !this.#isOfRow(error, batch.length, first)) {
        // a batch that takes too long, or takes down what it is written to, may pass in parts
        this.#rows.split(batch.length);
        throw error;
      }
      await client.run('ROLLBACK');
      if (this.#rows.split(batch.length)) return false;
      await this.#rows.refuse(client, first, facts);
      this.#meter.refused();
      return false;
    }
  }

  #isOfRow(error: unknown, count: number, first: R): boolean {
    const kind = sqlErrorKind(error);
    if (kind !== 'unclear') return kind === 'row';
    if (count > 1) return true;
    const times = this.#unclear?.row === first ? this.#unclear.times + 1 : 1;
    this.#unclear = { row: first, times };
    return times >= UNCLEAR_TRIES;
  }
}

/** So often a row fails alone before it is the row: a fault of the server's own would have passed. */
const UNCLEAR_TRIES = 3;
