import type { CommitUrgency, OutboxRow, OutboxSender, OutboxSnapshot, RefusedRow } from '../durable-sink.js';
import type { SinkWriter } from '../sink-writer.js';
import { decodeItem } from './item-codec.js';

/** How many rows are decoded before it is known whether they are taken. */
const BATCH = 64;

/**
 * Gives the rows of an outbox to a sink writer as items, each of them once in a process. What the writer has delivered is complete;
 * what a crash leaves undone is written again, so the destination gets every item at least once.
 */
export class WriterOutbox<T> implements OutboxSender {
  readonly name: string;
  readonly #writer: SinkWriter<T>;
  /** The seq of the first item that this writer was given. */
  readonly #first: number;
  /** Counted by what the writer has taken: in a new process it begins at the stored `low`. */
  #next: number;
  /** As the writer has told it. */
  #low: number;
  /** In the last snapshot. */
  #sealedLow: number;
  /** Told by the writer, and in no snapshot yet. */
  #refused: RefusedRow[] = [];
  /** The next mark: nothing is let out by a commit here, so a count does. */
  #snapshots = 0;
  /** Progress that `ready` has not told, and no snapshot has. */
  #isNews = false;

  constructor(name: string, writer: SinkWriter<T>, first: number) {
    this.name = name;
    this.#writer = writer;
    this.#first = first;
    this.#next = first;
    this.#low = first;
    this.#sealedLow = first;
  }

  get next(): number {
    return this.#next;
  }

  /** Never `now`: nothing here waits for a commit, and what is not in one is only written once more after a crash. */
  get urgency(): CommitUrgency {
    return this.#low > this.#sealedLow || this.#refused.length > 0 ? 'soon' : 'none';
  }

  /** In small batches: what a sink without room leaves was decoded for nothing. */
  offer(rows: readonly OutboxRow[]): number {
    for (let from = 0; from < rows.length; from += BATCH) {
      const batch = rows.slice(from, from + BATCH);
      // The bytes are those that `prepare` made of items of the sink's type.
      const taken = this.#writer.write(batch.map(({ bytes }) => decodeItem(bytes) as T));
      this.#next += taken;
      if (taken < batch.length) return from + taken;
    }
    return rows.length;
  }

  /** Without a state: after a crash everything from the stored `low` on is written again. */
  snapshot(): OutboxSnapshot {
    this.takeProgress();
    const refused = this.#refused;
    this.#refused = [];
    this.#sealedLow = this.#low;
    this.#isNews = false;
    const mark = this.#snapshots;
    this.#snapshots += 1;
    return { mark, state: undefined, low: this.#low, refused };
  }

  /** Nothing waits for a commit. */
  committed(): void {}

  /** Called before each snapshot, so that a commit has all that is known by then. */
  takeProgress(): void {
    const { delivered, rejected } = this.#writer.progress();
    for (const { index, letter } of rejected) this.#refused.push({ seq: this.#first + index, letter });
    const low = this.#first + delivered;
    if (low === this.#low && rejected.length === 0) return;
    this.#low = low;
    this.#isNews = true;
  }

  /** Whether there was progress since this was asked last, and no snapshot has it. */
  takeNews(): boolean {
    const isNews = this.#isNews;
    this.#isNews = false;
    return isNews;
  }
}
