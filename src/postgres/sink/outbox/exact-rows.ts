import type { MillraceError } from '../../../errors/millrace-error.js';
import type { SqlStatements } from '../../connection/database-client.js';
import type { SqlFacts } from '../../sql/sql-facts.js';
import type { PositionTable } from '../position/position-table.js';
import { refusedRowError } from '../refused-row-error.js';
import type { WrittenRows } from '../writing/batch-work.js';
import type { RowsStatement } from '../writing/rows-statement.js';
import type { OutboxQueuedRow, RowOutbox } from './row-outbox.js';

/** What rows are written exactly once with. */
export interface ExactRowsParts {
  /** For errors. */
  readonly sink: string;
  /** Which rows are next, and what has become of them. */
  readonly outbox: RowOutbox;
  /** Moved in the transaction of each batch. */
  readonly positions: PositionTable;
  /** How they get in; where it is one statement, behind the move in one round trip. */
  readonly statement: RowsStatement;
  /** `onError` is `fail`: the first row that cannot pass fails the sink. */
  readonly failOnRefusal: boolean;
  /** Something is complete. */
  readonly onProgress: () => void;
  /** The sink is at its end, with this error. */
  readonly onFailed: (error: MillraceError) => void;
}

/**
 * The rows of an outbox, each transaction with the move of the position (SP3). The outbox is told behind the COMMIT and never before: when its
 * answer is cut, `handlePosition` of the next opening says what became of it.
 */
export class ExactRows implements WrittenRows<OutboxQueuedRow> {
  readonly #parts: ExactRowsParts;

  constructor(parts: ExactRowsParts) {
    this.#parts = parts;
  }

  async open(client: SqlStatements): Promise<void> {
    const { outbox, positions, statement, onProgress } = this.#parts;
    await statement.check(client);
    const { low, sentEnd } = outbox;
    outbox.handlePosition(await positions.open(client, { low, sentEnd }));
    onProgress();
  }

  batch(): readonly OutboxQueuedRow[] {
    return this.#parts.outbox.batch();
  }

  async write(client: SqlStatements, rows: readonly OutboxQueuedRow[]): Promise<void> {
    const { outbox, positions, statement, onProgress } = this.#parts;
    const { low, refused } = outbox;
    const { of } = statement;
    const work = of === undefined ? () => statement.execute(client, rows) : { of: (key: string) => of(rows, key) };
    await positions.move(client, { from: low, to: low + rows.length, refused }, work);
    outbox.handleWritten(rows.length);
    onProgress();
  }

  split(count: number): boolean {
    return this.#parts.outbox.handleSplit(count);
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
