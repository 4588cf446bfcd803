import type { MillraceError } from '../../../src/errors/index.js';
import { MemoryStores, type Store, type StoreBatch, type StoreProvider } from '../../../src/store/index.js';

/** Memory stores whose commits wait until they are let through, or fail. What was let through outlives the stores that are closed. */
export class HeldStores implements StoreProvider {
  readonly location = 'memory';
  readonly #memory = new MemoryStores();
  /** Every batch that was given, in order. */
  readonly batches: StoreBatch[] = [];
  holding = false;
  failing: MillraceError | undefined;
  /** With which a store rejects when it is closed. */
  endingWith: MillraceError | undefined;
  onCommit: () => void = () => {};
  #held: (() => void)[] = [];

  get held(): number {
    return this.#held.length;
  }

  async open(job: string, partition: number): Promise<Store> {
    const store = await this.#memory.open(job, partition);
    return {
      maxCommitBytes: store.maxCommitBytes,
      maxKeyBytes: store.maxKeyBytes,
      get: (key) => store.get(key),
      range: (from, to) => store.range(from, to),
      commit: (batch) => this.#commit(store, batch),
      close: () => this.#close(store),
    };
  }

  async close(): Promise<void> {}

  /** Lets through what waits. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const one of held) one();
  }

  async #close(store: Store): Promise<void> {
    await store.close();
    if (this.endingWith !== undefined) throw this.endingWith;
  }

  async #commit(store: Store, batch: StoreBatch): Promise<void> {
    this.batches.push(batch);
    this.onCommit();
    if (this.holding) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.failing !== undefined) throw this.failing;
    await store.commit(batch);
  }
}
