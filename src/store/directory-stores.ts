import type { LmdbStores } from './lmdb/lmdb-stores.js';
import type { Store, StoreProvider } from './store.js';

/** Loaded with the first store: a process that needs none does not pay for the native parts. */
async function openStores(dir: string): Promise<LmdbStores> {
  const { LmdbStores } = await import('./lmdb/lmdb-stores.js');
  return LmdbStores.open(dir);
}

/** The stores of a directory, which is owned from the first store that is opened until `close`. */
export class DirectoryStores implements StoreProvider {
  readonly location: string;
  /** One attempt at a time to own the directory, which all that open a store wait for. */
  #stores: Promise<LmdbStores> | undefined;

  constructor(dir: string) {
    this.location = dir;
  }

  async open(job: string, partition: number): Promise<Store> {
    this.#stores ??= openStores(this.location);
    const opening = this.#stores;
    try {
      return await (await opening).open(job, partition);
    } catch (error) {
      await this.#forgetFailed(opening);
      throw error;
    }
  }

  async close(): Promise<void> {
    const opening = this.#stores;
    this.#stores = undefined;
    await opening?.then(
      (stores) => stores.close(),
      () => {},
    );
  }

  /** A directory that could not be owned may be free at the next attempt. */
  async #forgetFailed(opening: Promise<LmdbStores>): Promise<void> {
    try {
      await opening;
    } catch {
      if (this.#stores === opening) this.#stores = undefined;
    }
  }
}
