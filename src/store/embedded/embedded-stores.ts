import { resolve } from 'node:path';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { someText } from '../../internal/options/option-checks.js';
import { refuseBackup } from '../backup/backup-mark.js';
import { DirectoryLock } from '../directory/directory-lock.js';
import { refuseRuntime } from '../directory/refuse-runtime.js';
import { makeStoreDirectory } from '../directory/store-directory.js';
import { LmdbViews } from '../lmdb/view/lmdb-views.js';
import { FileLogs } from '../log/file/file-logs.js';
import { LogStores, type LogStoresOptions } from '../log/log-stores.js';
import type { Store, StoreProvider } from '../store.js';
import { EmbeddedLogs } from './embedded-logs.js';

/** The sizes are for tests of what happens when they are reached. */
export interface EmbeddedStoresOptions {
  /** See `LogStoresOptions`. */
  readonly onSnapshotFailed?: LogStoresOptions['onSnapshotFailed'];
  /** See `FileLogs.open`. */
  readonly segmentBytes?: number | undefined;
  /** See `LogStoresOptions`. */
  readonly snapshotBytes?: number | undefined;
  /** See `LogStoresOptions`. */
  readonly behindBytes?: number | undefined;
}

/**
 * Stores in a directory, of each partition of each job in `<dir>/job-<name>-<digest>/`: a log that commits are appended to and flushed, one
 * flush for each (`partition-<n>.log`), snapshots of what it led to (`.blobs`), and a view in an LMDB file, which is written behind and may
 * be lost (`.view`). What an earlier version left there is taken over (`takeOverFormer`). One process owns the directory, until it closes
 * the stores or ends.
 */
export class EmbeddedStores implements StoreProvider {
  readonly location: string;
  readonly #stores: LogStores;
  /** Held from `open` to `close`; the kernel gives it back with the process. */
  readonly #lock: DirectoryLock;
  #closing: Promise<void> | undefined;

  private constructor(location: string, lock: DirectoryLock, options: EmbeddedStoresOptions) {
    this.location = location;
    this.#lock = lock;
    const { segmentBytes, ...more } = options;
    const logs = new EmbeddedLogs(FileLogs.within(location, segmentBytes));
    this.#stores = new LogStores({ logs, views: LmdbViews.within(location), ...more });
  }

  /**
   * Becomes the owner of a directory, which is made (with mode 0700) when it does not exist, and refused when another user has rights
   * in it (X2).
   * @throws MillraceError INVALID_OPTIONS; INVALID_STATE for a backup (`refuseBackup`); STORE_LOCKED when it has an owner; STORAGE_FAILED, STORE_FULL; UNSUPPORTED where its native
   * parts do not work
   */
  static async open(dir: string, options: EmbeddedStoresOptions = {}): Promise<EmbeddedStores> {
    const problems = someText(dir, 'dir');
    if (problems.length > 0) throw invalidOptions('EmbeddedStores.open', problems);
    refuseRuntime(process.versions);
    const location = resolve(dir);
    await makeStoreDirectory(location);
    await refuseBackup(location);
    return new EmbeddedStores(location, await DirectoryLock.take(location), options);
  }

  open(job: string, partition: number): Promise<Store> {
    return this.#stores.open(job, partition);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#stores.close();
    } finally {
      // behind all stores: whoever owns the directory next may open them
      await this.#lock.release();
    }
  }
}
