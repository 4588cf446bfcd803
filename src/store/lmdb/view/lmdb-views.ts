import { join, resolve } from 'node:path';
import { DirectoryLock } from '../../directory/directory-lock.js';
import { jobDirectoryName } from '../../directory/job-directory-name.js';
import { refuseRuntime } from '../../directory/refuse-runtime.js';
import { makeStoreDirectory } from '../../directory/store-directory.js';
import type { LocalView, LocalViews } from '../../log/local-view.js';
import { openLmdbView } from './lmdb-view.js';

/**
 * Views in LMDB files, one for each partition of each job: `<dir>/job-<name>-<digest>/partition-<n>.view`. Their state may be larger than
 * memory, and a process that starts again goes on from what it had. One process owns the directory.
 */
export class LmdbViews implements LocalViews {
  readonly #location: string;
  readonly #lock: DirectoryLock;
  #closing: Promise<void> | undefined;

  private constructor(location: string, lock: DirectoryLock) {
    this.#location = location;
    this.#lock = lock;
  }

  /**
   * Becomes the owner of a directory, which is made (with mode 0700) when it does not exist.
   * @throws MillraceError STORE_LOCKED when it has an owner; INVALID_OPTIONS, STORAGE_FAILED, STORE_FULL, UNSUPPORTED
   */
  static async open(dir: string): Promise<LmdbViews> {
    refuseRuntime(process.versions);
    const location = resolve(dir);
    await makeStoreDirectory(location);
    return new LmdbViews(location, await DirectoryLock.take(location));
  }

  async open(job: string, partition: number, identity: string): Promise<LocalView> {
    const directory = join(this.#location, jobDirectoryName(job));
    await makeStoreDirectory(directory);
    return openLmdbView(join(directory, `partition-${partition}.view`), identity);
  }

  /** Behind all views. */
  close(): Promise<void> {
    this.#closing ??= this.#lock.release();
    return this.#closing;
  }
}
