import { randomUUID } from 'node:crypto';
import type { DurableRecord } from '../../../internal/durable-record.js';
import { present } from '../../../internal/present.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import type { SqlStatements, Statement } from '../../connection/database-client.js';
import { BEGIN, inTransaction } from '../../connection/transaction.js';
import { quoteTable, quoteText } from '../../sql/quote.js';
import { sqlFacts } from '../../sql/sql-facts.js';
import type { SqlGuard } from '../../sql/table-insert.js';
import { judgePosition, type Known, type PositionPolicy } from './judge-position.js';
import { missingTableError, movedError, namedError, racedError, unwritableError } from './position-errors.js';
import {
  createPositionTableSql,
  insertPositionSql,
  lockPositionSql,
  lockTableSql,
  moveGuard,
  moveStatement,
  moveValues,
  type PositionKey,
  type PositionMove,
  positionMoved,
  readPosition,
  readPositionSql,
  replacePositionSql,
} from './position-sql.js';
import type { SinkPosition } from './sink-position.js';
import { readSinkRecord, type SinkRecord } from './sink-record.js';

/** What a table of positions is used with. */
export interface PositionTableParts {
  /** Which row is its. */
  readonly key: PositionKey;
  /** Of the job's store. */
  readonly record: DurableRecord;
  /** What is done where database and store do not fit. */
  readonly policy: PositionPolicy;
  /** Make the table where there is none. */
  readonly createTable: boolean;
  /** One above the last row in the store as the process began. */
  readonly end: number;
}

/** A move without what the table of positions knows. */
export type Move = Omit<PositionMove, 'opening'>;

/** What this process knows of its rows. */
export interface RowMarks {
  /** Every row below was confirmed by the database. */
  readonly low: number;
  /** No row from here on was sent. */
  readonly sentEnd: number;
}

/**
 * The position of one sink in its database, over one connection after another. `judge-position.ts` has the rules.
 *
 * Order of calls: `begin` once for the process, before a row can be added; `open` first on each connection; then `move` for each batch,
 * which may be sent before the one in front is answered: it begins from where that one ends, so it fails with it (SP3). A `move` whose answer
 * was cut leaves open whether it was made: the `open` of the next connection finds out.
 */
export class PositionTable {
  readonly #parts: PositionTableParts;
  /** The opening of the connection at hand. */
  #position: SinkPosition | undefined;

  private constructor(parts: PositionTableParts) {
    this.#parts = parts;
  }

  /** Notes in the store up to where rows can have been sent, before any can be added (SP6). */
  static async begin(parts: PositionTableParts): Promise<PositionTable> {
    const record = readSinkRecord(parts.record.value);
    if (record !== undefined && record.end === undefined) await parts.record.put({ ...record, end: parts.end });
    return new PositionTable(parts);
  }

  /**
   * Judges the position and opens it anew for this connection (SP4).
   * @throws MillraceError DATABASE_NOT_OURS, DATABASE_WENT_BACK, STORE_FENCED
   */
  async open(client: SqlStatements, marks: RowMarks): Promise<SinkPosition> {
    try {
      return await this.#open(client, marks);
    } catch (error) {
      throw sqlFacts(error)?.code === UNIQUE_VIOLATION ? racedError(error) : error;
    }
  }

  async #open(client: SqlStatements, marks: RowMarks): Promise<SinkPosition> {
    await this.#requireTable(client);
    const { key } = this.#parts;
    await client.run(`${BEGIN}; ${lockPositionSql(key)}`);
    const [read] = await client.run(readPositionSql(key));
    const found = readPosition(read?.rows[0]);
    const next = this.#judge(found, marks);
    // SP1, SP2: before the database has it
    await this.#parts.record.put(next.record);
    const [written] = await client.run(
      found === undefined ? insertPositionSql(key, next.position) : replacePositionSql(key, next.position),
    );
    if (written?.rowCount !== 1) throw namedError(unwritableError(), key);
    await client.run('COMMIT');
    this.#position = next.position;
    return next.position;
  }

  /** Stands before the rows of a statement that is to move the position. */
  get guard(): SqlGuard {
    return moveGuard(this.#parts.key);
  }

  /**
   * One statement that moves the position, alone or before rows: `of` makes it with `guard` and these values, which come first. Rejects where
   * the position is not where it was left, and then nothing was done (SP3).
   */
  move(client: SqlStatements, move: Move, of?: (values: readonly unknown[]) => Statement): Promise<void> {
    const moving = this.#moving(move);
    const statement = of === undefined ? moveStatement(this.#parts.key, moving) : of(moveValues(moving));
    return this.#named(moving, async () => void (await client.query(statement)));
  }

  /** A transaction that moves the position and does the work. Rejects as `move` does. */
  moveAround(client: SqlStatements, move: Move, work: () => Promise<void>): Promise<void> {
    const moving = this.#moving(move);
    return this.#named(moving, () =>
      inTransaction(client, async () => {
        await client.query(moveStatement(this.#parts.key, moving));
        await work();
      }),
    );
  }

  #moving(move: Move): PositionMove {
    return { ...move, opening: present(this.#position, 'rows are written when the position is open') };
  }

  async #named({ opening }: PositionMove, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // what it is now is found out, and named, by the next connection
      throw error instanceof Error && error.message.includes(positionMoved(opening)) ? movedError(error) : error;
    }
  }

  #judge(
    found: SinkPosition | undefined,
    marks: RowMarks,
  ): { readonly record: SinkRecord; readonly position: SinkPosition } {
    const { record: durable, policy, key, end } = this.#parts;
    const record = readSinkRecord(durable.value);
    const isOpen = this.#position !== undefined;
    const known: Known = { record, low: marks.low, end: isOpen ? marks.sentEnd : (record?.end ?? end), isOpen };
    const verdict = judgePosition(found, known, policy);
    if (verdict.kind === 'refuse') throw namedError(verdict.error, key);
    if (verdict.kind === 'reset') {
      const { reason, seq } = verdict;
      publishDiagnostic('sink-position-reset', { sink: key.sink, job: key.job, reason, seq, found: found?.seq });
    }
    const epoch = Math.max(found?.epoch ?? 0, record?.planned?.epoch ?? 0) + 1;
    const planned = { epoch, token: randomUUID() };
    const identity = record?.identity ?? randomUUID();
    const { seq, refused } = verdict.kind === 'resume' ? verdict.position : verdict;
    const seen = found === undefined ? undefined : { epoch: found.epoch, token: found.token };
    return {
      record: { version: 1, identity, seen, planned, end: undefined },
      position: { ...planned, identity, seq, refused },
    };
  }

  async #requireTable(client: SqlStatements): Promise<void> {
    const { key, createTable } = this.#parts;
    const sql = createPositionTableSql(key.table);
    const [found] = await client.run(`SELECT to_regclass(${quoteText(quoteTable(key.table))})::text AS name`);
    if (found?.rows[0]?.name !== null) return;
    // one that was there is on its way back: a migration, or a backup that is put in
    if (!createTable) throw missingTableError(key, sql, this.#position !== undefined);
    await client.run(`${BEGIN}; ${lockTableSql(key.table)}; ${sql}`);
    await client.run('COMMIT');
  }
}

/** Another sink has made the table, or the position, at the same time. */
const UNIQUE_VIOLATION = '23505';
