import { join, resolve } from 'node:path';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { someText } from '../../internal/options/option-checks.js';
import { DirectoryLock } from '../directory/directory-lock.js';
import { makeJobDirectory } from '../directory/job-directory.js';
import { refuseRuntime } from '../directory/refuse-runtime.js';
import { makeStoreDirectory } from '../directory/store-directory.js';
import type { Store, StoreProvider } from '../store.js';
import { StoresInUse } from '../stores-in-use.js';
import { openLmdbStore } from './opening/open-lmdb-store.js';

/**
 * Stores in LMDB files alone, one for each partition of each job: `<dir>/job-<name>-<digest>/partition-<n>.mdb`, as `Engine.embedded({ dir })`
 * had them in earlier versions. "Durable" means: flushed to the disk (`fdatasync`). One process owns the directory, until it closes the
 * stores or ends. What an engine has opened since as its `dir` is refused.
 */
export class LmdbStores implements StoreProvider {
  readonly location: string;
  /** Held from `open` to `close`; the kernel gives it back with the process. */
  readonly #lock: DirectoryLock;
  readonly #open: StoresInUse;
  #closing: Promise<void> | undefined;

  private constructor(location: string, lock: DirectoryLock) {
    this.location = location;
    this.#lock = lock;
    this.#open = new StoresInUse(location);
  }

  /**
   * Becomes the owner of a directory, which is made (with mode 0700) when it does not exist, and refused when another user has rights
   * in it (X2).
   * @throws MillraceError INVALID_OPTIONS; STORE_LOCKED when it has an owner; STORAGE_FAILED, STORE_FULL; UNSUPPORTED where its native parts do
   * not work
   */
  static async open(dir: string): Promise<LmdbStores> {
    const problems = someText(dir, 'dir');
    if (problems.length > 0) throw invalidOptions('LmdbStores.open', problems);
    refuseRuntime(process.versions);
    const location = resolve(dir);
    await makeStoreDirectory(location);
    return new LmdbStores(location, await DirectoryLock.take(location));
  }

  open(job: string, partition: number): Promise<Store> {
    return this.#open.open(job, partition, async (onClosed) => {
      const directory = await makeJobDirectory(this.location, job);
      return openLmdbStore({
        path: join(directory, `partition-${partition}.mdb`),
        name: { job, partition },
        onClosed,
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#open.close();
    } finally {
      // behind all stores: whoever owns the directory next may open them
      await this.#lock.release();
    }
  }
}
