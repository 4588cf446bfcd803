import { MillraceError } from '../../../errors/millrace-error.js';
import type { DatabaseClient } from '../../connection/database-client.js';
import type { DatabaseTurn, DatabaseWork } from '../../connection/database-loop.js';
import { quoteTable } from '../../sql/quote.js';
import type { ResolvedSource } from '../options/resolve-source.js';
import { columnType, keyedRows, listen } from '../reading/read-rows.js';
import type { RowReader } from '../reading/row-reader.js';
import { checkId } from './check-id.js';
import type { QueueBook } from './queue-book.js';
import type { QueueOwner } from './queue-owner.js';
import { type QueueTable, queueSql } from './queue-sql.js';

/** What only a queue has, with every default. */
export interface ResolvedQueue<T> {
  /** What it has in common with a source of changes. */
  readonly source: ResolvedSource<T>;
  /** Where the queue is. */
  readonly columns: QueueTable;
  /** Rows that may be claimed and not done. Default 1,024. */
  readonly maxClaimed: number;
  /** Of claims under another store of this job. Default `fail`. */
  readonly onUnknownClaims: 'fail' | 'takeOver';
}

/** What its work is made of. */
export interface QueueWorkParts<T> {
  /** What is claimed, and how. */
  readonly queue: ResolvedQueue<T>;
  /** Under which name. */
  readonly owner: QueueOwner;
  /** What has become of the rows. */
  readonly book: QueueBook;
  /** Gets the rows. */
  readonly reader: RowReader<T>;
  /** Of the loop. */
  readonly wake: () => void;
}

/**
 * Claims rows while there is room, and finishes those whose commit is durable: first those of an earlier process. A claim whose answer was
 * cut is found at the next opening, by our name in the table: no row stays claimed and forgotten.
 */
export class QueueWork<T> implements DatabaseWork {
  readonly #parts: QueueWorkParts<T>;
  #sql: ReturnType<typeof queueSql> | undefined;
  /** Once: an index may be made anew meanwhile. */
  #isChecked = false;

  constructor(parts: QueueWorkParts<T>) {
    this.#parts = parts;
  }

  async open(client: DatabaseClient): Promise<void> {
    const { queue, owner, book, reader, wake } = this.#parts;
    const { columns, source } = queue;
    const sql = queueSql(columns, await columnType(client, columns.table, columns.id));
    this.#sql = sql;
    if (!this.#isChecked) await checkId(client, source.name, columns);
    this.#isChecked = true;
    if (!owner.isSettled) await this.#settle(client, sql);
    await listen(client, source.channel, wake);
    await this.#finish(client, sql);
    // what is known is under way here; all else is of an earlier process, or of a claim that was not answered
    const known = [...book.known, ...reader.waitingKeys];
    reader.add(keyedRows(await client.query({ text: sql.claimed, values: [owner.name, known] })));
  }

  async run(client: DatabaseClient, turn: DatabaseTurn): Promise<void> {
    const { pollIntervalMs } = this.#parts.queue.source;
    const sql = this.#sql;
    if (sql === undefined) return;
    while (!turn.closing) {
      await this.#finish(client, sql);
      const found = await this.#claim(client, sql);
      turn.proven();
      // none: there are none, or there is no room; a commit or a poll makes some
      if (found === 0) await turn.pause(pollIntervalMs);
    }
    // what was committed last: without a store it would come again
    await this.#finish(client, sql);
  }

  failed(error: MillraceError): void {
    this.#parts.reader.fail(error);
  }

  async #claim(client: DatabaseClient, { claim }: ReturnType<typeof queueSql>): Promise<number> {
    const { queue, owner, book, reader } = this.#parts;
    const room = queue.maxClaimed - book.open - reader.waiting;
    const { batchSize } = queue.source;
    if (room <= 0 || reader.waiting >= batchSize) return 0;
    const values = [owner.name, Math.min(room, batchSize)];
    const rows = keyedRows(await client.query({ text: claim, values }));
    reader.add(rows);
    return rows.length;
  }

  /** Those whose commit is durable, and no other (QB2). What is gone by then was done by an earlier try. */
  async #finish(client: DatabaseClient, { finish }: ReturnType<typeof queueSql>): Promise<void> {
    const { owner, book } = this.#parts;
    const { covered } = book;
    if (covered.length === 0) return;
    await client.query({ text: finish, values: [owner.name, covered] });
    book.finished(covered);
  }

  /** At the first start with a store: what another one has claimed would never be done. */
  async #settle(client: DatabaseClient, sql: ReturnType<typeof queueSql>): Promise<void> {
    const { queue, owner } = this.#parts;
    const values = [owner.name, owner.prefix];
    if (queue.onUnknownClaims === 'takeOver') await client.query({ text: sql.takeOver, values });
    const { rows } = await client.query({ text: sql.others, values });
    const count = Number(rows[0]?.count);
    if (count > 0) throw this.#unknown(count);
    await owner.settle();
  }

  #unknown(count: number): MillraceError {
    const { queue } = this.#parts;
    const table = quoteTable(queue.columns.table);
    return new MillraceError(
      'DATABASE_NOT_OURS',
      `source "${queue.source.name}": ${count} rows of ${table} are claimed by this job with another store: what became of them cannot be told`,
      {
        advice:
          "Start the job with the store that claimed them. Or have them given again, with onUnknownClaims: 'takeOver', or set their " +
          `${queue.columns.owner} to NULL: those that were processed then come a second time.`,
        details: { table, count },
      },
    );
  }
}
