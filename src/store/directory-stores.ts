import { DirectorySnapshots } from './directory-snapshots.js';
import type { EmbeddedStores, EmbeddedStoresOptions } from './embedded/embedded-stores.js';
import { lookInDirectory } from './look/look-in-directory.js';
import type { Store, StoreMoment, StoreProvider } from './store.js';

/** What those of a directory are given. */
type DirectoryStoresOptions = Pick<EmbeddedStoresOptions, 'onSnapshotFailed'>;

/** Loaded with the first store: a process that needs none does not pay for the native parts. */
async function openStores(dir: string, options: DirectoryStoresOptions): Promise<EmbeddedStores> {
  const { EmbeddedStores } = await import('./embedded/embedded-stores.js');
  return EmbeddedStores.open(dir, options);
}

/** The stores of a directory, which is owned from the first store that is opened until `close`. */
export class DirectoryStores implements StoreProvider {
  readonly location: string;
  readonly snapshots: DirectorySnapshots;
  readonly #options: DirectoryStoresOptions;
  /** One attempt at a time to own the directory, which all that open a store wait for. */
  #stores: Promise<EmbeddedStores> | undefined;

  constructor(dir: string, options: DirectoryStoresOptions) {
    this.location = dir;
    this.snapshots = new DirectorySnapshots(dir, true);
    this.#options = options;
  }

  async open(job: string, partition: number): Promise<Store> {
    this.#stores ??= openStores(this.location, this.#options);
    const opening = this.#stores;
    try {
      return await (await opening).open(job, partition);
    } catch (error) {
      await this.#forgetFailed(opening);
      throw error;
    }
  }

  lookAt<T>(job: string, partition: number, use: (moment: StoreMoment) => Promise<T>): Promise<T | undefined> {
    return lookInDirectory(this.location, { job, partition }, use);
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
  async #forgetFailed(opening: Promise<EmbeddedStores>): Promise<void> {
    try {
      await opening;
    } catch {
      if (this.#stores === opening) this.#stores = undefined;
    }
  }
}
