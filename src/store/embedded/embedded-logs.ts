import { join } from 'node:path';
import { makeJobDirectory } from '../directory/job-directory.js';
import type { FileLogs } from '../log/file/file-logs.js';
import type { PartitionLog, PartitionLogs } from '../log/partition-log.js';
import type { SnapshotBlobs } from '../log/snapshot-blobs.js';
import { storageError } from '../storage-error.js';
import { takeOverFormer } from './take-over-former.js';

/** Logs in files, behind what an earlier version had in their place: that is taken over before a log is opened. */
export class EmbeddedLogs implements PartitionLogs {
  readonly location: string;
  readonly #logs: FileLogs;

  constructor(logs: FileLogs) {
    this.location = logs.location;
    this.#logs = logs;
  }

  async open(job: string, partition: number): Promise<PartitionLog> {
    const path = join(await makeJobDirectory(this.location, job), `partition-${partition}`);
    try {
      await takeOverFormer(path, { job, partition }, this.#logs);
    } catch (error) {
      throw storageError(error, `cannot open the store ${path}`);
    }
    return this.#logs.open(job, partition);
  }

  blobs(job: string, partition: number): Promise<SnapshotBlobs> {
    return this.#logs.blobs(job, partition);
  }

  close(): Promise<void> {
    return this.#logs.close();
  }
}
