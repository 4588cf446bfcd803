import type { StoreView } from '../../store/store.js';
import { numberKey } from '../layout/keys/number-key.js';
import type { Overlay } from '../layout/overlay.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';

/** One key in the order in which keys came. */
export interface RingEntry {
  /** Counts the keys that ever came. */
  readonly seq: number;
  /** As the store has it. */
  readonly text: string;
  /** When it came, by the wall clock. */
  readonly timeMs: number;
}

/** Where the ring stands, as it is stored. */
export interface RingState {
  /** Chunks from `first` up to `next` are stored. */
  readonly first: number;
  /** The chunk that is written next. */
  readonly next: number;
  /** Entries of the first chunk that are gone. */
  readonly offset: number;
  /** Entries that are not gone, stored or not. */
  readonly size: number;
}

export const EMPTY_RING: RingState = { first: 0, next: 0, offset: 0, size: 0 };

interface Saved extends RingState {
  readonly oldest: readonly RingEntry[] | undefined;
  readonly added: number;
  readonly addedGone: number;
}

const CHUNK_ENTRIES = 512;

/**
 * A queue that is in the store but for its ends: entries since the last seal, and the oldest chunk. What is taken from it is gone with
 * the next commit.
 */
export class KeyRing {
  readonly #overlay: Overlay;
  readonly #prefix: string;
  #first: number;
  #next: number;
  #offset: number;
  #size: number;
  /** The first chunk, once it was asked for. */
  #oldest: readonly RingEntry[] | undefined;
  #added: RingEntry[] = [];
  /** Entries of `#added` that are gone: all chunks before them are. */
  #addedGone = 0;
  #saved: Saved | undefined;

  constructor(overlay: Overlay, prefix: string, state: RingState) {
    this.#overlay = overlay;
    this.#prefix = prefix;
    this.#first = state.first;
    this.#next = state.next;
    this.#offset = state.offset;
    this.#size = state.size;
  }

  get size(): number {
    return this.#size;
  }

  push(entry: RingEntry): void {
    this.#added.push(entry);
    this.#size += 1;
  }

  begin(): void {
    this.#saved = {
      first: this.#first,
      next: this.#next,
      offset: this.#offset,
      size: this.#size,
      oldest: this.#oldest,
      added: this.#added.length,
      addedGone: this.#addedGone,
    };
  }

  /** Goes back to `begin`, after which nothing was sealed. */
  undo(): void {
    if (this.#saved === undefined) return;
    const { first, next, offset, size, oldest, added, addedGone } = this.#saved;
    this.#first = first;
    this.#next = next;
    this.#offset = offset;
    this.#size = size;
    this.#oldest = oldest;
    this.#added.length = added;
    this.#addedGone = addedGone;
  }

  /** The oldest, left in place. */
  peek(): RingEntry | undefined {
    return this.#chunk()?.[this.#offset] ?? this.#added[this.#addedGone];
  }

  shift(): void {
    if (this.size === 0) return;
    this.#size -= 1;
    const chunk = this.#chunk();
    if (chunk === undefined) {
      this.#addedGone += 1;
      return;
    }
    this.#offset += 1;
    if (this.#offset < chunk.length) return;
    this.#overlay.remove(this.#keyOf(this.#first));
    this.#first += 1;
    this.#offset = 0;
    this.#oldest = undefined;
  }

  /** Stores what was added since the last seal. Gives what must be stored with it. */
  sealInto(overlay: Overlay): RingState {
    for (let from = this.#addedGone; from < this.#added.length; from += CHUNK_ENTRIES) {
      overlay.put(this.#keyOf(this.#next), encodeStored(this.#added.slice(from, from + CHUNK_ENTRIES)));
      this.#next += 1;
    }
    this.#added = [];
    this.#addedGone = 0;
    return { first: this.#first, next: this.#next, offset: this.#offset, size: this.#size };
  }

  #chunk(): readonly RingEntry[] | undefined {
    if (this.#oldest !== undefined || this.#first === this.#next) return this.#oldest;
    this.#oldest = readChunk(this.#overlay, this.#keyOf(this.#first));
    return this.#oldest;
  }

  #keyOf(chunk: number): string {
    return `${this.#prefix}${numberKey(chunk)}`;
  }
}

/** Written by `sealInto`, and its bytes are checked by the store. */
const readChunk = (view: Pick<StoreView, 'get'>, key: string): readonly RingEntry[] => {
  const bytes = view.get(key);
  return bytes === undefined ? [] : (decodeStored(bytes) as readonly RingEntry[]);
};
