import { Ring } from '../../../internal/ring.js';
import type { StoredChunk, StoredOutbox } from './stored-outbox.js';

/** Which chunks of an outbox are in the store, oldest first, so that each is removed when all of its rows are delivered. */
export class ChunksToRemove {
  readonly #stored: StoredOutbox;
  /** Undefined while some are not known because an earlier process has stored them. */
  #chunks: Ring<StoredChunk> | undefined;

  /** `empty`: the outbox has no rows at the start. */
  constructor(stored: StoredOutbox, empty: boolean) {
    this.#stored = stored;
    // a backlog may have thousands, and a start reads no more than it needs: they are looked up as they are delivered
    this.#chunks = empty ? new Ring() : undefined;
  }

  /** It goes into the next commit. In the order of their rows. */
  add(chunk: StoredChunk): void {
    this.#chunks?.push(chunk);
  }

  /** Those below the low-water mark, each once. `end`: one above the last row. */
  takeBelow(low: number, end: number): readonly StoredChunk[] {
    if (this.#chunks === undefined) {
      // those of an earlier process, by their keys, until all of them are gone
      const gone = this.#stored.chunksBelow(low);
      if (low === end) this.#chunks = new Ring();
      return gone;
    }
    const gone: StoredChunk[] = [];
    for (let chunk = this.#chunks.peek(); chunk !== undefined && chunk.last < low; chunk = this.#chunks.peek()) {
      gone.push(chunk);
      this.#chunks.shift();
    }
    return gone;
  }
}
