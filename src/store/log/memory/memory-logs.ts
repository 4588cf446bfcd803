import { randomUUID } from 'node:crypto';
import type { PartitionLog, PartitionLogs } from '../partition-log.js';
import { MemoryLog, type MemoryRecords } from './memory-log.js';

/**
 * Logs in memory, which several owners in this process share: for tests of what happens when a partition changes hands. They last as
 * long as this object.
 */
export class MemoryLogs implements PartitionLogs {
  readonly location = 'memory';
  readonly #records = new Map<string, MemoryRecords>();

  async open(job: string, partition: number): Promise<PartitionLog> {
    const name = `${partition} ${job}`;
    const records = this.#records.get(name) ?? { identity: randomUUID(), entries: [], last: 0 };
    this.#records.set(name, records);
    return new MemoryLog(`partition ${partition} of job ${job} in memory`, records);
  }

  async close(): Promise<void> {}
}
