import type {
  CommitUrgency,
  OutboxRow,
  OutboxSender,
  PreparedRow,
  RefusedRow,
} from '../../../connector/durable-sink.js';
import type { StoreView } from '../../../store/store.js';
import type { Overlay } from '../../layout/overlay.js';
import { encodeChunk } from '../../layout/values/outbox-chunk.js';
import type { OutboxHead } from '../../layout/values/outbox-head.js';
import { type RowTimes, timesFrom, withRowsStored } from '../../layout/values/row-times.js';
import { encodeStored } from '../../layout/values/stored-value.js';
import { type AddedRow, bytesOf, inChunks } from './added-rows.js';
import { ChunksToRemove } from './chunks-to-remove.js';
import { CACHED_ROWS, DurableRows } from './durable-rows.js';
import { type OutboxId, type StoredChunk, StoredOutbox } from './stored-outbox.js';

/** So many rows are offered at once: with each offer that is taken whole twice as many, behind one that is not as few as were taken. */
const FEWEST_OFFERED = 8;
const MOST_OFFERED = 256;

/** The time of the tick, in milliseconds since 1970. */
export interface WallTime {
  readonly now: number;
}

interface EncodedChunk extends StoredChunk {
  readonly encoded: Uint8Array;
}

/** Where an outbox stood at `begin`. */
interface Saved {
  readonly rows: number;
  readonly addedBytes: number;
  readonly staged: number;
  readonly end: number;
  readonly bytes: number;
}

/**
 * One outbox of a running job: the messages that are stored and not yet delivered, in the order of their seq. New rows go into the
 * next commit; durable ones are offered to the sender, the first of them from memory, the rest read back when their turn comes.
 *
 * B1. A row is in the outbox from the commit on that moves `end` above it, which is that of its input, whatever is under its key before
 *     (R7). So rows of one input that are more than a commit should have are *staged*: written by commits of their own, above `end`.
 *     After a crash they are garbage, and are removed before anything else is written there.
 */
export class Outbox {
  readonly #sink: string;
  readonly #stored: StoredOutbox;
  readonly #sender: OutboxSender;
  readonly #clock: WallTime;
  readonly #durable: DurableRows;
  /** Added since the last seal, and not staged. */
  #added: AddedRow[] = [];
  /** Of `#added`: what the next commit gets by this outbox. */
  #addedBytes = 0;
  /** Chunks that are in the store, or on their way, above the stored `end`. */
  #staged: StoredChunk[] = [];
  /** Keys above `end` that must go before others are written there. */
  #garbage: string[];
  /** Where `undo` goes back to; at a seal it is where that leaves off. */
  #saved: Saved = { rows: 0, addedBytes: 0, staged: 0, end: 0, bytes: 0 };
  /** The new rows of the commit under way: offered from memory once it is durable. */
  #sealed: readonly OutboxRow[] = [];
  /** As the commit under way has it: rows are offered up to there once that is durable. */
  #sealedEnd: number;
  /** The sender's part of the commit that is taken or under way. */
  #mark: number | undefined;
  /** The sender's, by its last snapshot: it goes into each head, since a head is written whole. */
  #state: unknown;
  #low: number;
  /** The seq of the next row, that of the last commit or above it. */
  #end: number;
  /** Of all rows that were ever added, here or by earlier processes. */
  #bytes: number;
  /** Of the rows whose chunks are gone. */
  #removedBytes: number;
  /** Of the rows that the store has. */
  #times: RowTimes;
  #offered = FEWEST_OFFERED;
  readonly #chunks: ChunksToRemove;

  constructor(view: StoreView, id: OutboxId, sender: OutboxSender, clock: WallTime) {
    const stored = new StoredOutbox(view, id);
    const { state, low, end, bytes, times } = stored.head();
    this.#sink = id.sink;
    this.#stored = stored;
    this.#sender = sender;
    this.#clock = clock;
    this.#durable = new DurableRows((from, to) => stored.rows(from, to), sender.next, end);
    this.#state = state;
    this.#low = low;
    this.#end = end;
    this.#bytes = bytes;
    this.#times = times ?? [];
    // what stood below the first chunk that is left is gone: so no second figure has to be stored
    this.#removedBytes = stored.bytesBefore() ?? bytes;
    this.#chunks = new ChunksToRemove(stored, low === end);
    this.#sealedEnd = end;
    this.#garbage = stored.chunkKeysFrom(end);
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

  /** Staged ones are not among them: they are stored by commits of their own. */
  get addedBytes(): number {
    return this.#addedBytes;
  }

  /** Rows that `stage` would take, and their bytes. */
  get stageable(): { readonly rows: number; readonly bytes: number } {
    return { rows: this.#added.length - this.#saved.rows, bytes: this.#addedBytes - this.#saved.addedBytes };
  }

  /** Whether the next commit has rows of it, here or staged. */
  get hasRows(): boolean {
    return this.#added.length > 0 || this.#staged.length > 0;
  }

  /** How badly a commit is wanted. */
  get urgency(): CommitUrgency {
    return this.#added.length > 0 || this.#staged.length > 0 ? 'now' : this.#sender.urgency;
  }

  /** The same by what its destination has said alone. */
  get urgencyOfAnswers(): CommitUrgency {
    return this.#sender.urgency;
  }

  /** Answers to what was let out that are to come. */
  get awaited(): number {
    return this.#sender.awaited ?? 0;
  }

  /** Its seq is given here, in the order of the outputs; the bytes are stored as they are. */
  append({ bytes, held }: Pick<PreparedRow, 'bytes' | 'held'>): void {
    // of the others none will be offered from memory
    const kept = this.#added.length < CACHED_ROWS ? held : undefined;
    this.#added.push({ seq: this.#end, bytes, held: kept, before: this.#bytes });
    this.#end += 1;
    this.#bytes += bytes.byteLength;
    this.#addedBytes += bytes.byteLength;
  }

  /** What is added from here on can be dropped by `undo`, and can be staged. */
  begin(): void {
    this.#saved = {
      rows: this.#added.length,
      addedBytes: this.#addedBytes,
      staged: this.#staged.length,
      end: this.#end,
      bytes: this.#bytes,
    };
  }

  /** Drops the rows that were added since `begin`; what of them was staged is garbage. */
  undo(): void {
    const { rows, addedBytes, staged, end, bytes } = this.#saved;
    this.#added.length = rows;
    this.#addedBytes = addedBytes;
    for (const { last } of this.#staged.splice(staged)) this.#garbage.push(this.#stored.keyOf(last));
    this.#end = end;
    this.#bytes = bytes;
  }

  /**
   * Puts added rows into a commit ahead of that of their input: one chunk in an empty batch, or as many as fit. Those before `begin` stay:
   * an `undo` must not have to read them back. Gives the room that is left.
   */
  stage(batch: Map<string, Uint8Array | undefined>, maxBytes: number): number {
    const held = this.#added.slice(0, this.#saved.rows);
    const chunks = inChunks(this.#added.slice(this.#saved.rows));
    let room = maxBytes;
    let taken = 0;
    for (const rows of chunks) {
      const chunk = this.#encode(rows);
      if (batch.size > 0 && chunk.bytes > room) break;
      // before what is put: a new chunk may have the key of one of them, and the last change of a key is the one that holds
      for (const key of this.#garbage.splice(0)) batch.set(key, undefined);
      batch.set(this.#stored.keyOf(chunk.last), chunk.encoded);
      this.#staged.push({ last: chunk.last, bytes: chunk.bytes });
      this.#addedBytes -= chunk.bytes;
      room -= chunk.bytes;
      taken += 1;
    }
    this.#added = held.concat(...chunks.slice(taken));
    return room;
  }

  /** Takes the sender's part of the next commit, if it has one; gives the rows that were refused. `seal` follows in the same commit. */
  snapshot(): readonly RefusedRow[] {
    // new rows make it `now`: so the mark that lets them out is in their own commit (rule 2 of `OutboxSender`)
    if (this.urgency === 'none') return [];
    const { mark, state, low, refused } = this.#sender.snapshot(this.#end);
    this.#mark = mark;
    this.#state = state;
    this.#low = low;
    return refused;
  }

  /** Puts what changed into the commit: the new rows as one value, the head, and the removal of chunks that are all delivered. */
  seal(overlay: Overlay): void {
    if (this.#mark === undefined && this.#added.length === 0 && this.#staged.length === 0) return;
    if (this.#end > this.#sealedEnd) this.#times = withRowsStored(this.#times, this.#sealedEnd, this.#clock.now);
    this.#times = this.#low === this.#end ? [] : timesFrom(this.#times, this.#low);
    this.#sealed = this.#added;
    this.#sealedEnd = this.#end;
    const chunks = inChunks(this.#added).map((rows) => this.#encode(rows));
    // before what is put, as in `stage`
    for (const key of this.#garbage.splice(0)) overlay.remove(key);
    for (const { last, encoded } of chunks) overlay.put(this.#stored.keyOf(last), encoded);
    // by seq: rows from before `begin` are held back while later ones are staged
    for (const { last, bytes } of [...this.#staged, ...chunks].sort((a, b) => a.last - b.last)) {
      this.#chunks.add({ last, bytes });
    }
    this.#added = [];
    this.#addedBytes = 0;
    this.#staged = [];
    // the saved figures are of what is sealed now: an `undo` must not go back behind a commit
    this.begin();
    // in the commit that makes this `low` durable, and in none before (R10)
    for (const { last, bytes } of this.#chunks.takeBelow(this.#low, this.#end)) {
      this.#removedBytes += bytes;
      overlay.remove(this.#stored.keyOf(last));
    }
    overlay.put(this.#stored.headKey, encodeStored(this.#head(), `sink "${this.#sink}"`));
  }

  #head(): OutboxHead {
    return { state: this.#state, low: this.#low, end: this.#end, bytes: this.#bytes, times: this.#times };
  }

  /** What was sealed is durable. */
  committed(): void {
    // staged rows are not among them: they are read back
    this.#durable.add(this.#sealed, this.#sealedEnd);
    this.#sealed = [];
    if (this.#mark !== undefined) this.#sender.committed(this.#mark);
    this.#mark = undefined;
  }

  /** Offers the sender what is durable, until it takes no more. */
  offer(): void {
    for (;;) {
      const rows = this.#durable.from(this.#sender.next, this.#offered);
      if (rows.length === 0) return;
      const taken = this.#sender.offer(rows);
      const isFull = taken < rows.length;
      this.#offered = Math.min(MOST_OFFERED, Math.max(FEWEST_OFFERED, isFull ? taken : 2 * this.#offered));
      if (isFull) return;
    }
  }

  #encode(rows: readonly AddedRow[]): EncodedChunk {
    const encoded = encodeChunk({ bytesBefore: rows[0]?.before ?? 0, rows });
    return { last: rows.at(-1)?.seq ?? 0, bytes: bytesOf(rows), encoded };
  }
}
