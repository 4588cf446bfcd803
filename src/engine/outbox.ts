import type { CommitUrgency, OutboxRow, OutboxSender, RefusedRow, RestoredOutbox } from '../connector/durable-sink.js';
import { MillraceError } from '../errors/millrace-error.js';
import { Fifo } from '../internal/fifo.js';
import { present } from '../internal/present.js';
import type { StoreView } from '../store/store.js';
import { DurableRows } from './durable-rows.js';
import { decodeChunk, encodeChunk, type OutboxChunk } from './outbox-chunk.js';
import type { Overlay } from './overlay.js';
import { storeKeys } from './store-keys.js';
import { decodeStored, encodeStored } from './stored-value.js';

/** What stands in the store about an outbox besides its rows. */
interface StoredOutbox {
  /** The sender's own. */
  readonly state: unknown;
  readonly low: number;
  readonly end: number;
  /** Bytes of all rows that were ever stored. */
  readonly bytes: number;
}

const EMPTY: StoredOutbox = { state: undefined, low: 0, end: 0, bytes: 0 };

/** Which outbox. */
export interface OutboxId {
  readonly sink: string;
  readonly outbox: string;
}

const readHead = (view: StoreView, { sink, outbox }: OutboxId): StoredOutbox => {
  const bytes = view.get(storeKeys.outbox(sink, outbox));
  // written by `seal` below, and its bytes are checked by the store
  return bytes === undefined ? EMPTY : (decodeStored(bytes) as StoredOutbox);
};

/** The stored rows from `from` up to `to`, read chunk by chunk. @throws MillraceError STORE_CORRUPT when one is missing */
function* storedRows(view: StoreView, { sink, outbox }: OutboxId, from: number, to: number): Generator<OutboxRow> {
  let next = from;
  for (const { value } of view.range(storeKeys.chunk(sink, outbox, from), storeKeys.chunksEnd(sink, outbox))) {
    for (const row of decodeChunk(value).rows) {
      if (row.seq < next) continue;
      if (row.seq >= to) break;
      if (row.seq > next) throw rowsMissing({ sink, outbox }, next);
      yield row;
      next += 1;
    }
    if (next >= to) return;
  }
  if (next < to) throw rowsMissing({ sink, outbox }, next);
}

const rowsMissing = ({ sink, outbox }: OutboxId, seq: number): MillraceError =>
  new MillraceError('STORE_CORRUPT', `message ${seq} of the outbox "${outbox}" is missing in the store`, {
    details: { sink, outbox, seq },
  });

const firstChunk = (view: StoreView, { sink, outbox }: OutboxId): OutboxChunk | undefined => {
  for (const { value } of view.range(storeKeys.chunk(sink, outbox, 0), storeKeys.chunksEnd(sink, outbox))) {
    return decodeChunk(value);
  }
  return undefined;
};

/** What a sink is given of an outbox when it is opened. */
export const restoredOutbox = (view: StoreView, id: OutboxId): RestoredOutbox => {
  const { state, low, end } = readHead(view, id);
  return { state, low, end, rows: (from, to) => storedRows(view, id, Math.max(from, low), Math.min(to, end)) };
};

/** A stored chunk: the seq of its last row, and the bytes of its rows. */
interface StoredChunk {
  readonly last: number;
  readonly bytes: number;
}

/**
 * One outbox of a running job: the messages that are stored and not yet delivered, in the order of their seq. New rows go into the
 * next commit; durable ones are offered to the sender, the first of them from memory, the rest read back when their turn comes.
 */
export class Outbox {
  readonly #id: OutboxId;
  readonly #view: StoreView;
  readonly #sender: OutboxSender;
  readonly #durable: DurableRows;
  /** Added since the last seal. */
  #added: OutboxRow[] = [];
  #addedBytes = 0;
  #sealed: readonly OutboxRow[] = [];
  /** The sender's part of the commit that is taken or under way. */
  #mark: number | undefined;
  #state: unknown;
  #low: number;
  #end: number;
  #bytes: number;
  /** Of the rows whose chunks are gone. */
  #removedBytes: number;
  /** The stored chunks, oldest first; undefined while some are not known because an earlier process has stored them. */
  #chunks: Fifo<StoredChunk> | undefined;

  constructor(view: StoreView, id: OutboxId, sender: OutboxSender) {
    const { state, low, end, bytes } = readHead(view, id);
    this.#id = id;
    this.#view = view;
    this.#sender = sender;
    this.#durable = new DurableRows((from, to) => storedRows(view, id, from, to), sender.next, end);
    this.#state = state;
    this.#low = low;
    this.#end = end;
    this.#bytes = bytes;
    this.#removedBytes = firstChunk(view, id)?.bytesBefore ?? bytes;
    this.#chunks = low === end ? new Fifo() : undefined;
  }

  /** Every row below is delivered, or given up. */
  get low(): number {
    return this.#low;
  }

  /** Rows that are not known to be delivered, stored or about to be. */
  get rows(): number {
    return this.#end - this.#low;
  }

  /** Their bytes; those of a commit count until all of them are delivered. */
  get bytes(): number {
    return this.#bytes - this.#removedBytes;
  }

  /** Rows that wait for the next commit. */
  get addedRows(): number {
    return this.#added.length;
  }

  get addedBytes(): number {
    return this.#addedBytes;
  }

  /** How badly a commit is wanted. */
  get urgency(): CommitUrgency {
    return this.#added.length > 0 ? 'now' : this.#sender.urgency;
  }

  append(bytes: Uint8Array): void {
    this.#added.push({ seq: this.#end, bytes });
    this.#end += 1;
    this.#bytes += bytes.byteLength;
    this.#addedBytes += bytes.byteLength;
  }

  /** Takes the sender's part of the next commit, if it has one; gives the rows that were refused. `seal` follows in the same commit. */
  snapshot(): readonly RefusedRow[] {
    if (this.urgency === 'none') return [];
    const { mark, state, low, refused } = this.#sender.snapshot(this.#end);
    this.#mark = mark;
    this.#state = state;
    this.#low = low;
    return refused;
  }

  /** Puts what changed into the commit: the new rows as one value, the head, and the removal of chunks that are all delivered. */
  seal(overlay: Overlay): void {
    if (this.#mark === undefined && this.#added.length === 0) return;
    const { sink, outbox } = this.#id;
    this.#sealed = this.#added;
    this.#added = [];
    const last = this.#sealed.at(-1);
    if (last !== undefined) {
      const bytes = this.#addedBytes;
      const chunk = encodeChunk({ bytesBefore: this.#bytes - bytes, rows: this.#sealed });
      overlay.put(storeKeys.chunk(sink, outbox, last.seq), chunk);
      this.#chunks?.push({ last: last.seq, bytes });
      this.#addedBytes = 0;
    }
    for (const { last: seq, bytes } of this.#delivered()) {
      this.#removedBytes += bytes;
      overlay.remove(storeKeys.chunk(sink, outbox, seq));
    }
    const head: StoredOutbox = { state: this.#state, low: this.#low, end: this.#end, bytes: this.#bytes };
    overlay.put(storeKeys.outbox(sink, outbox), encodeStored(head, `sink "${sink}"`));
  }

  /** What was sealed is durable. */
  committed(): void {
    this.#durable.add(this.#sealed);
    this.#sealed = [];
    if (this.#mark !== undefined) this.#sender.committed(this.#mark);
    this.#mark = undefined;
  }

  /** Offers the sender what is durable, until it takes no more. */
  offer(): void {
    for (;;) {
      const rows = this.#durable.from(this.#sender.next);
      if (rows.length === 0 || this.#sender.offer(rows) < rows.length) return;
    }
  }

  /** The chunks below the low-water mark, which are to go. */
  #delivered(): readonly StoredChunk[] {
    const gone: StoredChunk[] = [];
    if (this.#chunks === undefined) {
      const { sink, outbox } = this.#id;
      const below = storeKeys.chunk(sink, outbox, this.#low);
      for (const { value } of this.#view.range(storeKeys.chunk(sink, outbox, 0), below)) {
        const { rows } = decodeChunk(value);
        gone.push({ last: present(rows.at(-1), 'a stored chunk has rows').seq, bytes: bytesOf(rows) });
      }
      if (this.#low === this.#end) this.#chunks = new Fifo();
      return gone;
    }
    for (let chunk = this.#chunks.peek(); chunk !== undefined && chunk.last < this.#low; chunk = this.#chunks.peek()) {
      gone.push(chunk);
      this.#chunks.shift();
    }
    return gone;
  }
}

const bytesOf = (rows: readonly OutboxRow[]): number => rows.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
