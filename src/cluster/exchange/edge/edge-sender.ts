import { present } from '../../../internal/present.js';
import { Ring } from '../../../internal/ring.js';
import {
  encodeEdgeMessage,
  PIECE_HEAD_BYTES,
  type PieceMessage,
  ROW_HEAD_BYTES,
  ROWS_HEAD_BYTES,
  type StatusMessage,
} from './edge-message.js';
import { heldRowBytes } from './held-row-bytes.js';

/** A row of an outbox. */
interface Row {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

export interface EdgeSenderOptions {
  /** The partition that sends. */
  readonly from: number;
  /** Of the rows. */
  readonly outbox: number;
  /** The lowest row that is not known to be committed by the receiver. */
  readonly low: number;
  /** What rows may take that are on their way, or wait there for a commit; one row may be larger. */
  readonly windowBytes: number;
}

/** How long nothing is heard of a receiver before it is asked, in milliseconds; twice as long each time, up to the last. */
const FIRST_ASK_MS = 250;
const LAST_ASK_MS = 2_000;

const ROW = 'a row that is not complete is held';

/**
 * Sends the rows of one outbox to the partition that they are for, again from the lowest that is missing whenever something was lost (go-back-N).
 * Pure: `take` gives what is to be sent now. Nothing is asked of what carries the messages, which may lose, double and reorder them.
 *
 * ED1. Only rows of a commit are offered, and every owner of the partition offers the same rows under the same seqs: so a message may come
 *      from one that was taken over.
 * ED2. A row is complete when a status says that a commit of the receiver has it. Such a status stays true, whoever sent it and whenever.
 * ED3. There is a deadline as long as a row is not complete, and where none is under way there is none.
 * ED4. Rows are sent again only when a receiver asks for them, which it does once for what is missing, when it begins, and when it is asked.
 *      So one that was taken over, and speaks beside the one that has its place, costs a window at most each time.
 */
export class EdgeSender {
  readonly #options: EdgeSenderOptions;
  /** From `low` up to `next`, by seq. */
  readonly #rows = new Ring<Uint8Array>();
  #heldBytes = 0;
  #low: number;
  #next: number;
  /** The next row that is sent. */
  #sent: number;
  /** As the receiver says, which may have rows that an earlier owner has sent. */
  #committed = 0;
  /** The opening of the receiver that was heard last, and what it has taken: by this or by an earlier owner of our partition. */
  #reader: number | undefined;
  #taken = 0;
  #askMs = FIRST_ASK_MS;
  #askAt = Number.POSITIVE_INFINITY;

  constructor(options: EdgeSenderOptions) {
    this.#options = options;
    this.#low = options.low;
    this.#next = options.low;
    this.#sent = options.low;
  }

  /** The row that is wanted next. */
  get next(): number {
    return this.#next;
  }

  /** Every row below was taken, and is complete. */
  get low(): number {
    return this.#low;
  }

  /** Every row below is in a commit of the receiver, as it says. It can be above `next`, after a takeover. */
  get committed(): number {
    return this.#committed;
  }

  /** When `take` has something, whatever comes; as of the last `take`. */
  deadline(): number {
    return this.#askAt;
  }

  /** Takes rows from the front while the window is open. Gives how many. */
  offer(rows: readonly Row[]): number {
    let taken = 0;
    for (const { seq, bytes } of rows) {
      if (this.#heldBytes >= this.#options.windowBytes) break;
      taken += 1;
      this.#next = seq + 1;
      // an earlier owner has sent it
      if (seq < this.#committed) {
        this.#low = this.#next;
        this.#sent = this.#next;
        continue;
      }
      this.#rows.put(seq, bytes);
      this.#heldBytes += heldRowBytes(bytes);
    }
    return taken;
  }

  /** What the receiver says of another outbox is not said of this one. */
  handleStatus({ outbox, reader, taken, committed, again }: StatusMessage, now: number): void {
    if (outbox !== this.#options.outbox && taken > 0) return;
    this.#complete(committed);
    // one that was overtaken on its way
    if (reader === this.#reader && taken < this.#taken) return;
    this.#reader = reader;
    this.#taken = taken;
    if (again) this.#sent = Math.min(Math.max(taken, this.#low), this.#next);
    this.#askMs = FIRST_ASK_MS;
    this.#askAt = now + this.#askMs;
  }

  /** The messages that are to go out now, in their order; none has more than so many bytes. */
  take(now: number, maxMessageBytes: number): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    // what the receiver has already need not be sent
    this.#sent = Math.max(this.#sent, Math.min(this.#taken, this.#next));
    while (this.#sent < this.#next) this.#addRows(messages, maxMessageBytes);
    if (this.#low === this.#next) this.#askAt = Number.POSITIVE_INFINITY;
    else if (this.#askAt === Number.POSITIVE_INFINITY) this.#askAt = now + this.#askMs;
    if (now >= this.#askAt) {
      const { from, outbox } = this.#options;
      messages.push(encodeEdgeMessage({ type: 'probe', from, outbox, low: this.#low, sent: this.#sent }));
      this.#askAt = now + this.#askMs;
      this.#askMs = Math.min(2 * this.#askMs, LAST_ASK_MS);
    }
    return messages;
  }

  #complete(committed: number): void {
    this.#committed = Math.max(this.#committed, committed);
    for (const end = Math.min(this.#committed, this.#next); this.#low < end; this.#low += 1) {
      this.#heldBytes -= heldRowBytes(present(this.#rows.get(this.#low), ROW));
      this.#rows.remove(this.#low);
    }
    this.#sent = Math.max(this.#sent, this.#low);
  }

  /** As many rows as fit one message, or all pieces of one that fits none. */
  #addRows(messages: Uint8Array[], maxMessageBytes: number): void {
    const { from, outbox } = this.#options;
    const common = { from, outbox, low: this.#low, seq: this.#sent };
    const rows: Uint8Array[] = [];
    let bytes = ROWS_HEAD_BYTES;
    for (; this.#sent < this.#next; this.#sent += 1) {
      const row = present(this.#rows.get(this.#sent), ROW);
      bytes += ROW_HEAD_BYTES + row.byteLength;
      if (bytes > maxMessageBytes) break;
      rows.push(row);
    }
    if (rows.length > 0) return void messages.push(encodeEdgeMessage({ type: 'rows', ...common, rows }));
    const row = present(this.#rows.get(this.#sent), ROW);
    this.#sent += 1;
    const size = row.byteLength;
    const most = Math.max(1, maxMessageBytes - PIECE_HEAD_BYTES);
    for (let offset = 0; offset < size; offset += most) {
      const bytes = row.subarray(offset, offset + most);
      messages.push(encodeEdgeMessage({ type: 'piece', ...common, offset, size, bytes } satisfies PieceMessage));
    }
  }
}
