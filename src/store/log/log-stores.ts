import type { Store, StoreProvider } from '../store.js';
import { StoresInUse } from '../stores-in-use.js';
import type { LocalViews } from './local-view.js';
import { openLogStore } from './opening/open-log-store.js';
import type { PartitionLog, PartitionLogs } from './partition-log.js';
import { decodeRecord } from './record/log-record.js';

/** Where logs and views are. */
export interface LogStoresOptions {
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  /**
   * The epoch of an opening, higher than that of any before. Default: one more than the last record's, which is right where something
   * else keeps a second owner away.
   */
  readonly epochOf?: ((job: string, partition: number) => Promise<number>) | undefined;
}

/** Stores over logs: `PartitionLog` and `LocalView` say what each has to give. */
export class LogStores implements StoreProvider {
  readonly location: string;
  readonly #options: LogStoresOptions;
  readonly #open: StoresInUse;

  constructor(options: LogStoresOptions) {
    this.#options = options;
    this.location = options.logs.location;
    this.#open = new StoresInUse(this.location);
  }

  open(job: string, partition: number): Promise<Store> {
    const { logs, views, epochOf } = this.#options;
    return this.#open.open(job, partition, (onClosed) =>
      openLogStore({
        job,
        partition,
        logs,
        views,
        onClosed,
        epoch: (log) => (epochOf === undefined ? nextEpoch(log) : epochOf(job, partition)),
      }),
    );
  }

  async close(): Promise<void> {
    await this.#open.close();
    await this.#options.logs.close();
    await this.#options.views.close();
  }
}

async function nextEpoch(log: PartitionLog): Promise<number> {
  const last = await log.last();
  return last === undefined ? 1 : decodeRecord(last.record, `${log.location} at ${last.seq}`).epoch + 1;
}
