import type { MillraceError } from '../../../errors/millrace-error.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { DatabaseClient } from '../../connection/database-client.js';
import type { DatabaseTurn, DatabaseWork } from '../../connection/database-loop.js';
import { quoteTable } from '../../sql/quote.js';
import type { ResolvedSource } from '../options/resolve-source.js';
import { columnType, KEY, keyedRows, listen } from '../reading/read-rows.js';
import type { RowReader } from '../reading/row-reader.js';
import type { ChangesBook } from './changes-book.js';
import { changesSql, WRITERS } from './changes-sql.js';
import { checkColumn } from './check-column.js';

/** What only a source of changes has, with every default. */
export interface ResolvedChanges<T> {
  /** What it has in common with a queue. */
  readonly source: ResolvedSource<T>;
  /** Its values ascend. Default `id`. */
  readonly column: string;
  /** Of the very first start. Default `beginning`. */
  readonly startAt: 'beginning' | 'end';
}

/** What its work is made of. */
export interface ChangesWorkParts<T> {
  /** What is read, and how. */
  readonly changes: ResolvedChanges<T>;
  /** Up to where commits cover it. */
  readonly book: ChangesBook;
  /** Gets the rows. */
  readonly reader: RowReader<T>;
  /** The value behind which the very first start begins: the one that was found then, or else the newest now. */
  readonly beginAt: (newest: () => Promise<string | undefined>) => Promise<string | undefined>;
  /** Of the loop. */
  readonly wake: () => void;
}

/** How often it is looked whether writers have ended. */
const LOOK_MS = 25;
/** A transaction that holds rows back for so long is told, and again after twice the time. */
const TOLD_AFTER_MS = 2_000;

/**
 * Reads the rows that were added to a table, in the order of a column whose values are given out in ascending order, but become visible when
 * their transactions end, in any order. The invariants:
 * CW1. Rows are given up to a value that was visible, once all transactions that were writing to the table after that was seen have ended. An
 *      INSERT has its lock on the table before it takes a value, and keeps it to its end: whoever has a lower value and is not visible is
 *      among them, or has ended and is visible to the next statement.
 * CW2. So no row can appear below one that was given; one that is behind the last covered one was not given.
 */
export class ChangesWork<T> implements DatabaseWork {
  readonly #parts: ChangesWorkParts<T>;
  #sql: ReturnType<typeof changesSql> | undefined;
  /** Of the last row that was read, as text. */
  #last: string | undefined;
  #hasBegun = false;

  constructor(parts: ChangesWorkParts<T>) {
    this.#parts = parts;
    this.#last = parts.book.last;
  }

  async open(client: DatabaseClient): Promise<void> {
    const { changes, wake, beginAt } = this.#parts;
    const { source, column } = changes;
    const type = await columnType(client, source.table, column);
    const sql = changesSql(source.table, column, type);
    this.#sql = sql;
    await checkColumn(client, { source: source.name, table: source.table, column, type }, this.#last);
    await listen(client, source.channel, wake);
    if (!this.#hasBegun && this.#last === undefined) {
      this.#last = await beginAt(() => this.#newest(client, sql));
    }
    this.#hasBegun = true;
  }

  async run(client: DatabaseClient, turn: DatabaseTurn): Promise<void> {
    const { pollIntervalMs } = this.#parts.changes.source;
    const sql = this.#sql;
    while (!turn.closing && sql !== undefined) {
      const newest = this.#hasRoom ? await this.#newest(client, sql) : undefined;
      turn.proven();
      if (newest === undefined) await turn.pause(pollIntervalMs);
      else if (await this.#writersEnd(client, turn)) await this.#read(client, turn, newest);
    }
  }

  failed(error: MillraceError): void {
    this.#parts.reader.fail(error);
  }

  get #hasRoom(): boolean {
    const { changes, reader } = this.#parts;
    return reader.waiting < changes.source.batchSize;
  }

  async #newest(client: DatabaseClient, sql: ReturnType<typeof changesSql>): Promise<string | undefined> {
    const { rows } = await client.query({ text: sql.newest, values: [this.#last ?? null] });
    return rows[0] === undefined ? undefined : String(rows[0][KEY]);
  }

  /** All rows up to there, which are final by now (CW1). */
  async #read(client: DatabaseClient, turn: DatabaseTurn, newest: string): Promise<void> {
    const { reader, changes } = this.#parts;
    const { batchSize, pollIntervalMs } = changes.source;
    while (!turn.closing) {
      if (!this.#hasRoom) {
        await turn.pause(pollIntervalMs);
        continue;
      }
      const values = [this.#last ?? null, newest, batchSize];
      const rows = keyedRows(await client.query({ text: this.#sql?.rows ?? '', values }));
      reader.add(rows);
      this.#last = rows.at(-1)?.key ?? this.#last;
      if (rows.length < batchSize) return;
    }
  }

  /** CW1. False: it is to be closed. */
  async #writersEnd(client: DatabaseClient, turn: DatabaseTurn): Promise<boolean> {
    const sinceMs = performance.now();
    let toldAfterMs = TOLD_AFTER_MS;
    let before = await this.#writers(client);
    while (before.size > 0) {
      await turn.pause(LOOK_MS);
      if (turn.closing) return false;
      const now = await this.#writers(client);
      // whoever has come since takes higher values
      before = new Map([...before].filter(([writer]) => now.has(writer)));
      const heldMs = performance.now() - sinceMs;
      if (before.size === 0 || heldMs < toldAfterMs) continue;
      toldAfterMs *= 2;
      this.#tellHeld(heldMs, [...before.values()]);
    }
    return true;
  }

  async #writers(client: DatabaseClient): Promise<ReadonlyMap<string, number>> {
    const { table } = this.#parts.changes.source;
    const values = [quoteTable(table), 'relation', 'RowExclusiveLock'];
    const { rows } = await client.query({ text: WRITERS, values });
    return new Map(rows.map(({ writer, pid }) => [String(writer), Number(pid)]));
  }

  #tellHeld(heldMs: number, pids: readonly number[]): void {
    const { name, table } = this.#parts.changes.source;
    publishDiagnostic('changes-held-back', {
      source: name,
      table: quoteTable(table),
      heldMs: Math.round(heldMs),
      pids,
    });
  }
}
