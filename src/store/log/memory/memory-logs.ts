import { randomUUID } from 'node:crypto';
import { MillraceError } from '../../../errors/index.js';
import { checkPartition } from '../../check-partition.js';
import type { PartitionLog, PartitionLogs } from '../partition-log.js';
import type { SnapshotBlobs } from '../snapshot-blobs.js';
import { MemoryBlobs } from './memory-blobs.js';
import { MemoryLog, type MemoryRecords } from './memory-log.js';

/**
 * Logs in memory, which several owners in this process share: for tests of what happens when a partition changes hands. They last as
 * long as this object, or one that was made from it.
 */
export class MemoryLogs implements PartitionLogs {
  readonly location = 'memory';
  readonly #records: Map<string, MemoryRecords>;
  readonly #blobs: Map<string, MemoryBlobs>;
  readonly #open: MemoryLog[] = [];
  #closed = false;

  /** Empty, or sharing the records of another: a restart where that is closed, another owner where it is not. */
  constructor(other?: MemoryLogs) {
    this.#records = other === undefined ? new Map() : other.#records;
    this.#blobs = other === undefined ? new Map() : other.#blobs;
  }

  async open(job: string, partition: number): Promise<PartitionLog> {
    if (this.#closed) throw new MillraceError('INVALID_STATE', 'the logs in memory are closed');
    checkPartition(job, partition);
    const name = `${partition} ${job}`;
    const records = this.#records.get(name) ?? { identity: randomUUID(), entries: [], last: 0 };
    this.#records.set(name, records);
    const log = new MemoryLog(`partition ${partition} of job ${job} in memory`, records);
    this.#open.push(log);
    return log;
  }

  async blobs(job: string, partition: number): Promise<SnapshotBlobs> {
    const name = `${partition} ${job}`;
    const blobs = this.#blobs.get(name) ?? new MemoryBlobs();
    this.#blobs.set(name, blobs);
    return blobs;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#open.map((log) => log.close()));
  }
}
