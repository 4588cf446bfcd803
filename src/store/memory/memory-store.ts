import { MillraceError } from '../../errors/index.js';
import { checkBatch, checkKey, MAX_COMMIT_BYTES, MAX_KEY_BYTES } from '../check-batch.js';
import { compareKeys } from '../compare-keys.js';
import { GroupCommitter } from '../group-committer.js';
import type { Store, StoreBatch, StoreRecord } from '../store.js';
import type { SortedRecords } from './sorted-records.js';

/** A store whose records are in memory: durable as long as the process. */
export class MemoryStore implements Store {
  readonly maxCommitBytes = MAX_COMMIT_BYTES;
  readonly maxKeyBytes = MAX_KEY_BYTES;
  readonly #records: SortedRecords;
  readonly #onClosed: () => void;
  readonly #commits: GroupCommitter<StoreBatch>;
  #closing: Promise<void> | undefined;

  constructor(records: SortedRecords, onClosed: () => void) {
    this.#records = records;
    this.#onClosed = onClosed;
    this.#commits = new GroupCommitter<StoreBatch>(async (group) => {
      for (const batch of group) this.#apply(batch);
    }, MAX_COMMIT_BYTES);
  }

  get(key: string): Uint8Array | undefined {
    this.#checkOpen();
    checkKey(key);
    return copyOf(this.#records.get(key));
  }

  *range(from: string, to: string): Generator<StoreRecord, void> {
    let after = false;
    let key = from;
    while (true) {
      this.#checkOpen();
      const next = this.#records.next(key, after);
      if (next === undefined || compareKeys(next, to) >= 0) return;
      const value = copyOf(this.#records.get(next));
      if (value !== undefined) yield { key: next, value };
      key = next;
      after = true;
    }
  }

  async commit(batch: StoreBatch): Promise<void> {
    this.#checkOpen();
    const bytes = checkBatch(batch);
    return this.#commits.commit(new Map([...batch].map(([key, value]) => [key, copyOf(value)])), bytes);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#commits.idle();
    this.#onClosed();
  }

  #apply(batch: StoreBatch): void {
    for (const [key, value] of batch) {
      if (value === undefined) this.#records.remove(key);
      else this.#records.put(key, value);
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new MillraceError('INVALID_STATE', 'the store is closed');
  }
}

/** In and out: bytes are their caller's again, and a reader may change what it got. */
function copyOf(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : new Uint8Array(value);
}
