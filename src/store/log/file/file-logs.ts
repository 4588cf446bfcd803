import { join, resolve } from 'node:path';
import { DirectoryLock } from '../../directory/directory-lock.js';
import { makeJobDirectory } from '../../directory/job-directory.js';
import { refuseRuntime } from '../../directory/refuse-runtime.js';
import { makeStoreDirectory } from '../../directory/store-directory.js';
import { storageError } from '../../storage-error.js';
import { StoresInUse } from '../../stores-in-use.js';
import type { PartitionLog, PartitionLogs } from '../partition-log.js';
import type { SnapshotBlobs } from '../snapshot-blobs.js';
import { FileBlobs } from './blobs/file-blobs.js';
import { FileLog } from './file-log.js';
import { recoverLog } from './recover-log.js';
import { SEGMENT_HEADER_BYTES } from './segment-header.js';

/** What a removed prefix costs at most, and what an opening reads. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * Logs in files, one directory for each partition of each job: `<dir>/job-<name>-<digest>/partition-<n>.log`, and `.blobs` for snapshots.
 * "Durable" means: flushed to the disk. One process owns the directory, until it closes the logs or ends.
 */
export class FileLogs implements PartitionLogs {
  readonly location: string;
  /** Held from `open` to `close`; the kernel gives it back with the process. None within a directory that is somebody's already. */
  readonly #lock: DirectoryLock | undefined;
  readonly #segmentBytes: number;
  readonly #open: StoresInUse<PartitionLog>;
  #closing: Promise<void> | undefined;

  private constructor(location: string, lock: DirectoryLock | undefined, segmentBytes: number) {
    this.location = location;
    this.#lock = lock;
    this.#segmentBytes = Math.max(segmentBytes, SEGMENT_HEADER_BYTES);
    this.#open = new StoresInUse(location);
  }

  /**
   * Becomes the owner of a directory, which is made (with mode 0700) when it does not exist, and refused when another user has rights
   * in it (X2).
   * @param segmentBytes what a file of a log has, unless a single record is larger
   * @throws MillraceError STORE_LOCKED when it has an owner; STORAGE_FAILED, STORE_FULL; UNSUPPORTED where its native parts do
   * not work
   */
  static async open(dir: string, segmentBytes = SEGMENT_BYTES): Promise<FileLogs> {
    refuseRuntime(process.versions);
    const location = resolve(dir);
    await makeStoreDirectory(location);
    return new FileLogs(location, await DirectoryLock.take(location), segmentBytes);
  }

  /** In a directory that the caller owns, for as long as these are in use. */
  static within(location: string, segmentBytes = SEGMENT_BYTES): FileLogs {
    return new FileLogs(location, undefined, segmentBytes);
  }

  open(job: string, partition: number): Promise<PartitionLog> {
    return this.#open.open(job, partition, async (onClosed) => {
      const directory = join(await makeJobDirectory(this.location, job), `partition-${partition}.log`);
      const name = { job, partition };
      try {
        const found = await recoverLog(directory, name, this.#segmentBytes);
        return new FileLog({ directory, name, found, segmentBytes: this.#segmentBytes, onClosed });
      } catch (error) {
        throw storageError(error, `cannot open the log ${directory}`);
      }
    });
  }

  /** The snapshots of a partition, beside its log. @throws MillraceError STORE_FULL, STORAGE_FAILED */
  async blobs(job: string, partition: number): Promise<SnapshotBlobs> {
    return FileBlobs.open(join(await makeJobDirectory(this.location, job), `partition-${partition}.blobs`));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#open.close();
    } finally {
      // behind all logs: whoever owns the directory next may open them
      await this.#lock?.release();
    }
  }
}
