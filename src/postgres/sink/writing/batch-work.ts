import { MillraceError } from '../../../errors/millrace-error.js';
import type { DatabaseClient, SqlStatements } from '../../connection/database-client.js';
import type { DatabaseTurn, DatabaseWork } from '../../connection/database-loop.js';
import { sqlErrorKind } from '../../sql/sql-error-kind.js';
import { type SqlFacts, sqlFacts } from '../../sql/sql-facts.js';
import type { SinkMeter } from '../sink-meter.js';
import type { QueuedRow } from './row-queue.js';
import { LOST_FACTS, RowSuspicion } from './row-suspicion.js';
import { SentBatch } from './sent-batch.js';

/** Whose rows are written. */
export interface WrittenRows<R extends QueuedRow> {
  /** How many transactions may be under way at once. Above 1 only where each that stands behind one that failed fails as well. */
  readonly depth: number;
  /** A batch that would not be larger if it waited. */
  readonly hasFullBatch: boolean;
  /** A connection is there: what must be known of the database is asked for. */
  open(client: SqlStatements): Promise<void>;
  /** The rows of the next transaction, behind those that are under way; empty when there are none. */
  batch(): readonly R[];
  /** Writes them in one transaction. Behind an error of the server none is open. */
  write(client: SqlStatements, rows: readonly R[]): Promise<void>;
  /** The oldest batch is durable. */
  written(count: number): void;
  /** One of the oldest so many cannot pass, or they took too long; no batch is under way any more. False: it was alone. */
  split(count: number): boolean;
  /** Whether the database has changed so that what a row is refused for may not be its own fault. */
  isStale(client: SqlStatements): Promise<boolean>;
  /** The oldest, which was given alone, cannot pass: it is given up, or the sink fails with what is thrown. */
  refuse(client: SqlStatements, row: R, facts: SqlFacts): Promise<void>;
  /** Nothing will be written any more. */
  failed(error: MillraceError): void;
}

/**
 * One transaction after another; rows that come meanwhile are the next one, which is sent before the one in front is answered where it is
 * full and `depth` allows it. What a failure says decides what becomes of its rows:
 *
 * BW1. Rows are written in their order, each batch from the oldest on: none is passed over but one that was refused.
 * BW2. A row is refused only when it failed alone, in a transaction of its own: the rows that stood beside it are written.
 * BW3. What says nothing of rows costs the connection and no row: they are tried again on the next one, fewer at once, for a batch that takes
 *      too long may pass in parts.
 * BW4. Where the server does not say whether it is the row, that is believed of one that fails alone several times; and of one that was alone
 *      under way each of several times that the connection ended without a word, as it does when a server process crashes. Each time the
 *      database was reached in between, and all else that an opening asks of it was answered.
 */
export class BatchWork<R extends QueuedRow> implements DatabaseWork {
  readonly #rows: WrittenRows<R>;
  readonly #meter: SinkMeter;
  readonly #suspicion = new RowSuspicion<R>();
  /** When the batch that ended last did: the next one may have been sent before. */
  #lastEndMs = 0;

  constructor(rows: WrittenRows<R>, meter: SinkMeter) {
    this.#rows = rows;
    this.#meter = meter;
  }

  open(client: DatabaseClient): Promise<void> {
    return this.#rows.open(client);
  }

  async run(client: DatabaseClient, turn: DatabaseTurn): Promise<void> {
    const sent: SentBatch<R>[] = [];
    for (;;) {
      if (!turn.closing) await this.#send(client, sent, turn);
      const [oldest] = sent;
      if (oldest === undefined) {
        if (turn.closing) return;
        turn.passed();
        await turn.pause();
      } else if (oldest.endedMs !== undefined) {
        await this.#conclude(client, sent, oldest.endedMs, turn);
      } else {
        // it ends, or there is a batch for behind it
        await turn.wait();
      }
    }
  }

  failed(error: MillraceError): void {
    this.#rows.failed(error);
  }

  async #send(client: DatabaseClient, sent: SentBatch<R>[], turn: DatabaseTurn): Promise<void> {
    while (sent.length < this.#rows.depth && (sent.length === 0 || this.#rows.hasFullBatch)) {
      const batch = this.#rows.batch();
      const [first] = batch;
      if (first === undefined) return;
      if (batch.length === 1 && this.#suspicion.endsConnections(first)) {
        await this.#refuse(client, first, LOST_FACTS);
        continue;
      }
      sent.push(new SentBatch(batch, this.#rows.write(client, batch), () => turn.wake()));
    }
  }

  /** The oldest has ended. */
  async #conclude(client: DatabaseClient, sent: SentBatch<R>[], endedMs: number, turn: DatabaseTurn): Promise<void> {
    const [oldest] = sent;
    if (oldest === undefined) return;
    const { rows, sentMs, failure } = oldest;
    if (failure === undefined) {
      sent.shift();
      this.#suspicion.clear();
      this.#rows.written(rows.length);
      this.#meter.written(rows.length, endedMs - Math.max(sentMs, this.#lastEndMs));
      this.#lastEndMs = endedMs;
      turn.proven();
      return;
    }
    // what stands behind it fails with it
    await Promise.all(sent.splice(0).map(({ ended }) => ended));
    await this.#handleFailure(client, rows, failure.thrown);
  }

  async #handleFailure(client: DatabaseClient, batch: readonly R[], thrown: unknown): Promise<void> {
    const [first] = batch;
    const facts = sqlFacts(thrown);
    const isAlone = !this.#rows.split(batch.length);
    if (first === undefined) throw thrown;
    if (facts === undefined || !this.#isOfRow(thrown, isAlone, first)) {
      // one that is only slow is ended by us, with TIMEOUT
      const isLost = facts === undefined && !(thrown instanceof MillraceError) && !client.isDismissed;
      if (isAlone && isLost) this.#suspicion.handleLost(first);
      throw thrown;
    }
    if (!isAlone) return;
    if (await this.#rows.isStale(client)) throw new MillraceError('CONNECTION_LOST', 'the table was changed meanwhile');
    await this.#refuse(client, first, facts);
  }

  async #refuse(client: DatabaseClient, row: R, facts: SqlFacts): Promise<void> {
    await this.#rows.refuse(client, row, facts);
    this.#suspicion.clear();
    this.#meter.refused();
  }

  #isOfRow(thrown: unknown, isAlone: boolean, first: R): boolean {
    const kind = sqlErrorKind(thrown);
    return kind === 'unclear' ? !isAlone || this.#suspicion.isUnclear(first) : kind === 'row';
  }
}
