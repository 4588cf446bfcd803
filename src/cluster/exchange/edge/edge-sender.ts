import { present } from '../../../internal/present.js';
import { Ring } from '../../../internal/ring.js';
import {
  type EdgeMessage,
  encodeEdgeMessage,
  PIECE_HEAD_BYTES,
  ROW_HEAD_BYTES,
  ROWS_HEAD_BYTES,
  type StatusMessage,
} from './edge-message.js';

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
  /** Bytes of rows that may be on their way, or wait there for a commit; one row may be larger. */
  readonly windowBytes: number;
  /** Bytes that a message may have. */
  readonly maxMessageBytes: number;
}

/** How long nothing is heard of a receiver before it is asked, in milliseconds; twice as long each time, up to the second. */
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
 * ED3. Where nothing is under way there is no deadline.
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
  /** The opening of the receiver that was heard last, and what it has taken. */
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

  /** When `take` has something, whatever comes. */
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
      this.#heldBytes += bytes.byteLength;
    }
    return taken;
  }

  /** What the receiver says of another outbox is not said of this one. */
  handleStatus({ outbox, reader, taken, committed, again }: StatusMessage, now: number): void {
    if (outbox !== this.#options.outbox && taken > 0) return;
    this.#complete(committed);
    const isNew = reader !== this.#reader;
    // one that was overtaken on its way
    if (!isNew && taken < this.#taken) return;
    this.#reader = reader;
    this.#taken = taken;
    if (isNew || again) this.#sent = Math.min(Math.max(taken, this.#low), this.#next);
    this.#askMs = FIRST_ASK_MS;
    this.#expect(now);
  }

  /** The messages that are to go out now, in their order. */
  take(now: number): readonly Uint8Array[] {
    const messages: Uint8Array[] = [];
    // an earlier owner of this partition has sent them
    this.#sent = Math.max(this.#sent, Math.min(this.#taken, this.#next));
    if (this.#sent < this.#next) {
      while (this.#sent < this.#next) this.#addRows(messages);
      if (this.#askAt === Number.POSITIVE_INFINITY) this.#expect(now);
    }
    if (now >= this.#askAt) {
      const { from, outbox } = this.#options;
      messages.push(encodeEdgeMessage({ type: 'probe', from, outbox, low: this.#low, sent: this.#sent }));
      this.#askAt = now + this.#askMs;
      this.#askMs = Math.min(2 * this.#askMs, LAST_ASK_MS);
    }
    return messages;
  }

  #expect(now: number): void {
    this.#askAt = this.#low < this.#next ? now + this.#askMs : Number.POSITIVE_INFINITY;
  }

  #complete(committed: number): void {
    this.#committed = Math.max(this.#committed, committed);
    for (const end = Math.min(this.#committed, this.#next); this.#low < end; this.#low += 1) {
      this.#heldBytes -= present(this.#rows.get(this.#low), ROW).byteLength;
      this.#rows.remove(this.#low);
    }
    this.#sent = Math.max(this.#sent, this.#low);
  }

  /** As many rows as fit one message, or all pieces of one that fits none. */
  #addRows(messages: Uint8Array[]): void {
    const { from, outbox, maxMessageBytes } = this.#options;
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
    const size = maxMessageBytes - PIECE_HEAD_BYTES;
    const count = Math.ceil(row.byteLength / size);
    for (let index = 0; index < count; index += 1) {
      const piece = row.subarray(index * size, (index + 1) * size);
      const message: EdgeMessage = { type: 'piece', ...common, index, count, bytes: piece };
      messages.push(encodeEdgeMessage(message));
    }
  }
}
