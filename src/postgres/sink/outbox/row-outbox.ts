import type { DeadLetter } from '../../../connector/dead-letter.js';
import type {
  CommitUrgency,
  OutboxRow,
  OutboxSender,
  OutboxSnapshot,
  RefusedRow,
  RestoreOutbox,
} from '../../../connector/durable-sink.js';
import type { MillraceError } from '../../../errors/millrace-error.js';
import type { RefusedSeq, SinkPosition } from '../position/sink-position.js';
import { decodeJson } from '../stored-row.js';
import { type QueuedRow, type RowLimits, RowQueue } from '../writing/row-queue.js';

/** A row of the outbox, taken and not complete. */
export interface OutboxQueuedRow extends QueuedRow {
  /** Its number in the outbox: what the position counts. */
  readonly seq: number;
  /** As stored: its letter is made of them, where one is needed. */
  readonly stored: Uint8Array;
}

/** What an outbox is made of. */
export interface RowOutboxParts {
  /** Gives what the store has of it. */
  readonly restore: RestoreOutbox;
  /** Of what is taken out of the store ahead of the database. */
  readonly limits: RowLimits;
  /** Of a row that the database would not have. */
  readonly letterOf: (stored: Uint8Array, refused: RefusedSeq) => DeadLetter;
}

/** It must stay: rows are stored under it. */
const NAME = 'rows';

const WORTH_BATCHES = 4;

/** Refusals that wait for a commit; more would make each move of the position long. */
const MOST_REFUSED = 256;

/**
 * The one outbox of a sink to PostgreSQL, without a clock and a connection: which rows wait, which are in the database, and which of the
 * latter no commit has yet. Its invariants:
 * RO1. A row is complete when the database has it, or has it among the refused (SP3, SP5); then, and not before, `low` moves.
 * RO2. Rows that the database had before this process are passed over as they are offered: the engine lets go of no row that was not taken.
 * RO3. A refusal stays in what is written beside the position until a snapshot with its letter is durable (SP5).
 *
 * Order of calls: `handlePosition` once for each opening of the database; between two of them `batch`, which may give several, and
 * `handleWritten`, `handleSplit` or `handleRefused` for the oldest that was given. The engine calls `offer`, `snapshot` and `committed` at
 * any time.
 */
export class RowOutbox implements OutboxSender {
  readonly name = NAME;
  readonly #letterOf: RowOutboxParts['letterOf'];
  readonly #queue: RowQueue<OutboxQueuedRow>;
  /** Complete rows for which a commit is wanted, though more are under way. */
  readonly #worthRows: number;
  #next: number;
  /** Every row below is complete. */
  #low: number;
  /** In the database before this process; what is offered below is complete (RO2). */
  #position: number;
  /** One above the last row of the batch that was given last: no row from there on can be in the database. */
  #sentEnd: number;
  /** As they belong beside the position (RO3), ascending. */
  #refused: RefusedSeq[] = [];
  /** Their letters, which no snapshot has. */
  #letters: RefusedRow[] = [];
  #sealedLow: number;
  readonly #sealed: { readonly mark: number; readonly low: number }[] = [];
  #snapshots = 0;
  #failure: MillraceError | undefined;
  /** The wish to commit that `takeNews` has told since the last snapshot. */
  #toldWish: CommitUrgency = 'none';

  constructor({ restore, limits, letterOf }: RowOutboxParts) {
    const { low } = restore(NAME);
    this.#queue = new RowQueue(limits);
    this.#worthRows = limits.batchSize * WORTH_BATCHES;
    this.#letterOf = letterOf;
    this.#next = low;
    this.#low = low;
    this.#position = low;
    this.#sentEnd = low;
    this.#sealedLow = low;
  }

  get next(): number {
    return this.#next;
  }

  get low(): number {
    return this.#low;
  }

  /** Taken and not complete. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** No row from here on can be in the database, by what this process has sent. */
  get sentEnd(): number {
    return Math.max(this.#sentEnd, this.#position);
  }

  /** What belongs beside the position now. */
  get refused(): readonly RefusedSeq[] {
    return this.#refused;
  }

  get urgency(): CommitUrgency {
    if (this.#refused.length >= MOST_REFUSED && (this.#letters.length > 0 || this.#low > this.#sealedLow)) return 'now';
    return this.#isWorthCommit ? 'soon' : 'none';
  }

  offer(rows: readonly OutboxRow[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    let taken = 0;
    for (const { seq, bytes } of rows) {
      const isIn = seq < this.#position;
      if (!isIn && !this.#queue.hasRoom()) break;
      const row = { seq, stored: bytes, json: decodeJson(bytes), bytes: bytes.byteLength };
      // RO2: nothing waits before one that is in already
      if (isIn) this.#complete(row);
      else this.#queue.add(row);
      this.#next = seq + 1;
      taken += 1;
    }
    return taken;
  }

  snapshot(): OutboxSnapshot {
    const mark = this.#snapshots;
    this.#snapshots += 1;
    const refused = this.#letters;
    this.#letters = [];
    this.#sealedLow = this.#low;
    this.#toldWish = 'none';
    this.#sealed.push({ mark, low: this.#low });
    return { mark, state: undefined, low: this.#low, refused };
  }

  committed(mark: number): void {
    for (let sealed = this.#sealed[0]; sealed !== undefined && sealed.mark <= mark; sealed = this.#sealed[0]) {
      this.#sealed.shift();
      const { low } = sealed;
      // RO3
      this.#refused = this.#refused.filter(({ seq }) => seq >= low);
    }
  }

  /** The database was opened, and has this. Rows below its `seq` are complete. */
  handlePosition({ seq, refused }: Pick<SinkPosition, 'seq' | 'refused'>): void {
    // some may be known already: this process has seen them refused, or a snapshot has their letters
    const known = new Set(this.#refused.map((one) => one.seq));
    const others = refused.filter((one) => one.seq >= this.#low && !known.has(one.seq));
    this.#refused = [...this.#refused, ...others].sort((one, other) => one.seq - other.seq);
    this.#position = Math.max(this.#position, seq);
    for (const row of this.#queue.take(Math.max(0, seq - this.#low))) this.#complete(row);
  }

  get hasFullBatch(): boolean {
    return this.#queue.hasFullBatch;
  }

  /** The rows of the next transaction; empty when there are none, or when refusals wait for a commit. */
  batch(): readonly OutboxQueuedRow[] {
    if (this.#refused.length >= MOST_REFUSED) return [];
    const rows = this.#queue.batch();
    const last = rows.at(-1);
    if (last !== undefined) this.#sentEnd = Math.max(this.#sentEnd, last.seq + 1);
    return rows;
  }

  /** The transaction of the oldest batch is durable in the database. */
  handleWritten(count: number): void {
    this.#queue.grow();
    for (const row of this.#queue.take(count)) this.#complete(row);
  }

  /** One of the oldest batch cannot pass, and no other is under way. False: it was alone, and is the one. */
  handleSplit(count: number): boolean {
    return this.#queue.halve(count);
  }

  /** The position has passed the row, and has it among the refused. */
  handleRefused(refused: RefusedSeq): void {
    this.#queue.grow();
    this.#refused = [...this.#refused, refused];
    for (const row of this.#queue.take(1)) this.#complete(row);
  }

  /** Nothing is taken any more. */
  fail(error: MillraceError): void {
    this.#failure ??= error;
  }

  /** A commit for each transaction would cost as much as that; the last of them must not wait for more. */
  get #isWorthCommit(): boolean {
    const done = this.#low - this.#sealedLow;
    return this.#letters.length > 0 || done >= this.#worthRows || (done > 0 && this.#queue.length === 0);
  }

  /** Whether there is room that `offer` was short of, or progress; told once. */
  takeNews(): boolean {
    const isRoom = this.#queue.takeRoom();
    const wish = this.urgency;
    // one that has become urgent is told again
    const isWish = wish !== 'none' && wish !== this.#toldWish;
    if (isWish) this.#toldWish = wish;
    return isRoom || isWish;
  }

  #complete({ seq, stored }: OutboxQueuedRow): void {
    const refused = this.#refused.find((one) => one.seq === seq);
    if (refused !== undefined) this.#letters.push({ seq, letter: this.#letterOf(stored, refused) });
    this.#low = seq + 1;
  }
}
