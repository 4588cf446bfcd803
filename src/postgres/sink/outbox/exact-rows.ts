import type { MillraceError } from '../../../errors/millrace-error.js';
import type { SqlStatements } from '../../connection/database-client.js';
import type { SqlFacts } from '../../sql/sql-facts.js';
import type { PositionTable } from '../position/position-table.js';
import { refusedRowError } from '../refused-row-error.js';
import type { WrittenRows } from '../writing/batch-work.js';
import { checkByName, type RowsStatement } from '../writing/rows-statement.js';
import type { OutboxQueuedRow, RowOutbox } from './row-outbox.js';

/** What rows are written exactly once with. */
export interface ExactRowsParts {
  /** For errors. */
  readonly sink: string;
  /** Which rows are next, and what has become of them. */
  readonly outbox: RowOutbox;
  /** Moved in the transaction of each batch. */
  readonly positions: PositionTable;
  /** How they get in; where it is one statement, together with the move. */
  readonly statement: RowsStatement;
  /** `onError` is `fail`: the first row that cannot pass fails the sink. */
  readonly failOnRefusal: boolean;
  /** Something is complete. */
  readonly onProgress: () => void;
  /** The sink is at its end, with this error. */
  readonly onFailed: (error: MillraceError) => void;
}

/** The server has the next one at hand when it is done with one, also where this process is busy for a while. */
const STATEMENTS_UNDER_WAY = 3;

/**
 * The rows of an outbox, each transaction with the move of the position (SP3). The outbox is told behind the COMMIT and never before: when its
 * answer is cut, `handlePosition` of the next opening says what became of it.
 */
export class ExactRows implements WrittenRows<OutboxQueuedRow> {
  /** Several where each is one statement: a transaction that is sent in parts has to see its BEGIN answered. */
  readonly depth: number;
  readonly #parts: ExactRowsParts;

  constructor(parts: ExactRowsParts) {
    this.#parts = parts;
    this.depth = parts.statement.guarded === undefined ? 1 : STATEMENTS_UNDER_WAY;
  }

  async open(client: SqlStatements): Promise<void> {
    const { outbox, positions, statement, onProgress } = this.#parts;
    await statement.check(client);
    const { low, sentEnd } = outbox;
    outbox.handlePosition(await positions.open(client, { low, sentEnd }));
    // a table with rules of its own takes no statement that begins with a move
    const whole = statement.guarded?.([], positions.guard, []);
    if (whole !== undefined) await checkByName(client, whole.text);
    onProgress();
  }

  get hasFullBatch(): boolean {
    return this.#parts.outbox.hasFullBatch;
  }

  batch(): readonly OutboxQueuedRow[] {
    return this.#parts.outbox.batch();
  }

  write(client: SqlStatements, rows: readonly OutboxQueuedRow[]): Promise<void> {
    const { outbox, positions, statement } = this.#parts;
    const from = rows[0]?.seq ?? outbox.low;
    const move = { from, to: from + rows.length, refused: outbox.refused };
    if (statement.guarded === undefined)
      return positions.moveAround(client, move, () => statement.execute(client, rows));
    const { guarded } = statement;
    return positions.move(client, move, (values) => guarded(rows, positions.guard, values));
  }

  written(count: number): void {
    this.#parts.outbox.handleWritten(count);
    this.#parts.onProgress();
  }

  split(count: number): boolean {
    return this.#parts.outbox.handleSplit(count);
  }

  isStale(client: SqlStatements): Promise<boolean> {
    return this.#parts.statement.isStale(client);
  }

  /** SP5: the position passes the row, and says why. */
  async refuse(client: SqlStatements, { seq }: OutboxQueuedRow, { code, message }: SqlFacts): Promise<void> {
    const { sink, outbox, positions, failOnRefusal, onProgress } = this.#parts;
    if (failOnRefusal) throw refusedRowError(sink, code, message);
    const refused = { seq, code, message };
    await positions.move(client, { from: seq, to: seq + 1, refused: [...outbox.refused, refused] });
    outbox.handleRefused(refused);
    onProgress();
  }

  failed(error: MillraceError): void {
    this.#parts.onFailed(error);
  }
}
