import { join, resolve } from 'node:path';
import { DirectoryLock } from '../../directory/directory-lock.js';
import { makeJobDirectory } from '../../directory/job-directory.js';
import { refuseRuntime } from '../../directory/refuse-runtime.js';
import { makeStoreDirectory } from '../../directory/store-directory.js';
import type { LocalView, LocalViews } from '../../log/local-view.js';
import { loadLmdb } from '../file/lmdb-file.js';
import { openLmdbView } from './lmdb-view.js';

/**
 * Views in LMDB files, one for each partition of each job: `<dir>/job-<name>-<digest>/partition-<n>.view`. Their state may be larger than
 * memory, and a process that starts again goes on from what it had. One process owns the directory.
 */
export class LmdbViews implements LocalViews {
  readonly #location: string;
  /** None within a directory that is somebody's already. */
  readonly #lock: DirectoryLock | undefined;
  #closing: Promise<void> | undefined;

  private constructor(location: string, lock: DirectoryLock | undefined) {
    this.#location = location;
    this.#lock = lock;
  }

  /**
   * Becomes the owner of a directory, which is made (with mode 0700) when it does not exist.
   * @throws MillraceError STORE_LOCKED when it has an owner; INVALID_OPTIONS, STORAGE_FAILED, STORE_FULL, UNSUPPORTED
   */
  static async open(dir: string): Promise<LmdbViews> {
    refuseRuntime(process.versions);
    await loadLmdb();
    const location = resolve(dir);
    await makeStoreDirectory(location);
    return new LmdbViews(location, await DirectoryLock.take(location));
  }

  /** In a directory that the caller owns, for as long as these are in use. */
  static within(location: string): LmdbViews {
    return new LmdbViews(location, undefined);
  }

  async open(job: string, partition: number, identity: string): Promise<LocalView> {
    const directory = await makeJobDirectory(this.#location, job);
    return openLmdbView(join(directory, `partition-${partition}.view`), identity);
  }

  /** Behind all views. */
  close(): Promise<void> {
    this.#closing ??= this.#lock?.release() ?? Promise.resolve();
    return this.#closing;
  }
}
