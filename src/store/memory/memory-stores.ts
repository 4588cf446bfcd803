import { invalidOptions } from '../../internal/options/invalid-options.js';
import { MemoryBlobs } from '../log/memory/memory-blobs.js';
import type { SnapshotBlobs } from '../log/snapshot-blobs.js';
import type { Store, StoreMoment, StoreProvider, StoreRecord } from '../store.js';
import { StoresInUse } from '../stores-in-use.js';
import { MemoryStore } from './memory-store.js';
import { SortedRecords } from './sorted-records.js';

/**
 * Stores in memory, for tests and for jobs whose state need not outlive the process. A commit is "durable" when it resolves: a store
 * that is closed and opened again has it, here or in a provider that is made from this one.
 */
export class MemoryStores implements StoreProvider {
  readonly location = 'memory';
  readonly snapshots: SnapshotBlobs;
  readonly #open = new StoresInUse(this.location);
  readonly #records: Map<string, SortedRecords>;

  /** Empty, or with what an earlier one has, which must be closed: a restart. @throws MillraceError INVALID_OPTIONS */
  constructor(earlier?: MemoryStores) {
    if (earlier !== undefined && !(earlier instanceof MemoryStores))
      throw invalidOptions('new MemoryStores', ['what it is made from must be other MemoryStores, or be left out']);
    this.#records = earlier === undefined ? new Map() : earlier.#records;
    this.snapshots = earlier === undefined ? new MemoryBlobs() : earlier.snapshots;
  }

  open(job: string, partition: number): Promise<Store> {
    return this.#open.open(
      job,
      partition,
      async (onClosed) => new MemoryStore(this.#recordsOf(job, partition), onClosed),
    );
  }

  async lookAt<T>(job: string, partition: number, use: (moment: StoreMoment) => Promise<T>): Promise<T | undefined> {
    const records = this.#records.get(nameOf(job, partition));
    if (records === undefined) return undefined;
    // values are put anew and never changed, so this is the moment
    const moment = [...records.entries()];
    async function* wantedOf(wanted: (key: string) => boolean): AsyncGenerator<StoreRecord, void> {
      for (const [key, value] of moment) if (wanted(key)) yield { key, value: new Uint8Array(value) };
    }
    return use({ records: wantedOf, problems: [] });
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  #recordsOf(job: string, partition: number): SortedRecords {
    const name = nameOf(job, partition);
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const records = new SortedRecords();
    this.#records.set(name, records);
    return records;
  }
}

const nameOf = (job: string, partition: number): string => `${partition} ${job}`;
