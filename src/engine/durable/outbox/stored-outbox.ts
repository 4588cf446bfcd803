import type { OutboxRow, RestoredOutbox } from '../../../connector/durable-sink.js';
import { MillraceError } from '../../../errors/millrace-error.js';
import { present } from '../../../internal/present.js';
import type { StoreView } from '../../../store/store.js';
import { AFTER_NUMBERS, numberKey } from '../../layout/keys/number-key.js';
import { storeKeys } from '../../layout/keys/store-keys.js';
import { decodeChunk } from '../../layout/values/outbox-chunk.js';
import { type OutboxHead, readOutboxHead } from '../../layout/values/outbox-head.js';
import { bytesOf } from './added-rows.js';

/** Which outbox. It must stay the same from run to run. */
export interface OutboxId {
  /** Name of the sink in the job. */
  readonly sink: string;
  /** Name that its sender gives. */
  readonly outbox: string;
}

/** A stored chunk: the seq of its last row, and the bytes of its rows. */
export interface StoredChunk {
  readonly last: number;
  readonly bytes: number;
}

const EMPTY: OutboxHead = { state: undefined, low: 0, end: 0, bytes: 0, times: undefined };

/**
 * What a store has of an outbox: a head, and the rows in chunks. A chunk is under the seq of its last row, so that the first key at or
 * above a seq is that of the chunk which has it.
 */
export class StoredOutbox {
  /** Of its head. */
  readonly headKey: string;
  readonly #view: StoreView;
  readonly #id: OutboxId;
  /** Encoded once: each commit has some keys of it. */
  readonly #chunks: string;

  /** @param view of the store itself: what is not durable yet is not seen */
  constructor(view: StoreView, id: OutboxId) {
    const { sink, outbox } = id;
    this.headKey = storeKeys.outbox(sink, outbox);
    this.#view = view;
    this.#id = id;
    this.#chunks = storeKeys.chunks(sink, outbox);
  }

  /** Of the chunk with this last row. */
  keyOf(last: number): string {
    return this.#chunks + numberKey(last);
  }

  /** An empty outbox where there is none. */
  head(): OutboxHead {
    const bytes = this.#view.get(this.headKey);
    return bytes === undefined ? EMPTY : readOutboxHead(bytes);
  }

  /** Bytes of all rows that were ever added before the first chunk that is left; undefined when none is. */
  bytesBefore(): number | undefined {
    for (const { value } of this.#view.range(this.keyOf(0), this.#chunksEnd)) {
      return decodeChunk(value, { from: 0, to: 0 }).bytesBefore;
    }
    return undefined;
  }

  /** The rows from `from` up to `to`, read chunk by chunk. @throws MillraceError STORE_CORRUPT when one is missing */
  *rows(from: number, to: number): Generator<OutboxRow> {
    let next = from;
    for (const { value } of this.#view.range(this.keyOf(from), this.#chunksEnd)) {
      for (const row of decodeChunk(value, { from: next, to }).rows) {
        if (row.seq > next) throw rowsMissing(this.#id, next);
        yield row;
        next += 1;
      }
      if (next >= to) return;
    }
    if (next < to) throw rowsMissing(this.#id, next);
  }

  /** The keys of the chunks of rows from `seq` on. */
  chunkKeysFrom(seq: number): string[] {
    const keys: string[] = [];
    for (const { key } of this.#view.range(this.keyOf(seq), this.#chunksEnd)) keys.push(key);
    return keys;
  }

  /** The chunks whose rows are all below `seq`, oldest first. */
  chunksBelow(seq: number): readonly StoredChunk[] {
    const chunks: StoredChunk[] = [];
    for (const { value } of this.#view.range(this.keyOf(0), this.keyOf(seq))) {
      const { rows } = decodeChunk(value);
      chunks.push({ last: present(rows.at(-1), 'a stored chunk has rows').seq, bytes: bytesOf(rows) });
    }
    return chunks;
  }

  get #chunksEnd(): string {
    return this.#chunks + AFTER_NUMBERS;
  }
}

/** What a sink is given of an outbox when it is opened. */
export const restoredOutbox = (view: StoreView, id: OutboxId): RestoredOutbox => {
  const stored = new StoredOutbox(view, id);
  const { state, low, end } = stored.head();
  return { state, low, end, rows: (from, to) => stored.rows(Math.max(from, low), Math.min(to, end)) };
};

const rowsMissing = ({ sink, outbox }: OutboxId, seq: number): MillraceError =>
  new MillraceError('STORE_CORRUPT', `message ${seq} of the outbox "${outbox}" is missing in the store`, {
    details: { sink, outbox, seq },
  });
