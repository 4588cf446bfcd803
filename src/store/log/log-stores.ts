import type { MillraceError } from '../../errors/index.js';
import type { Store, StoreProvider } from '../store.js';
import { StoresInUse } from '../stores-in-use.js';
import type { LocalViews } from './local-view.js';
import { DEFAULT_LOOK_MS } from './log-watch.js';
import { openLogStore, type Restored } from './opening/open-log-store.js';
import type { PartitionLog, PartitionLogs } from './partition-log.js';
import { decodeRecord } from './record/log-record.js';
import { DEFAULT_SNAPSHOT_BYTES } from './snapshot/snapshot-policy.js';
import { DEFAULT_BEHIND_BYTES } from './view-writer.js';

/** Of which partition something is told. */
export interface PartitionName {
  readonly job: string;
  readonly partition: number;
}

/**
 * How far the logs have come, kept where they are not: one that is not there any more, or ends below that, was lost, and is not begun
 * anew.
 */
export interface LogHeads {
  /** The seq that a log has reached at its last opening; 0: it was never opened. @throws MillraceError those of who keeps it */
  reached(name: PartitionName): Promise<number>;
  /** Resolves when every later `reached` gives it, or more. @throws as `reached` */
  note(name: PartitionName, seq: number): Promise<void>;
}

/** Where logs and views are, and who is told what. */
export interface LogStoresOptions {
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  /** Without it, a log that was removed begins anew: right where nobody can remove it who does not mean the views as well. */
  readonly heads?: LogHeads | undefined;
  /**
   * The epoch of an opening, higher than that of any before. Default: one more than the last record's, which is right where something
   * else keeps a second owner away.
   */
  readonly epochOf?: ((name: PartitionName) => Promise<number>) | undefined;
  /** How many bytes a log grows, at least, from one snapshot to the next. Default 64 MiB. */
  readonly snapshotBytes?: number | undefined;
  /** How many bytes a log is ahead of its view, about, before that is written; more where these are very many changes. Default 1 MiB. */
  readonly behindBytes?: number | undefined;
  /** How often a log from which others can remove records is looked at, in milliseconds. Default 10,000. */
  readonly lookMs?: number | undefined;
  /** The log of a store that is being opened is ours: nobody before can write any more. */
  readonly onFenced?: ((name: PartitionName) => void) | undefined;
  /** A store was opened. */
  readonly onRestored?: ((name: PartitionName, restored: Restored) => void) | undefined;
  /** A snapshot could not be taken: nothing is lost, but the log grows until the next one, which is tried when it has grown as much again. */
  readonly onSnapshotFailed?: ((name: PartitionName, error: MillraceError) => void) | undefined;
  /** Somebody has removed records of an open log that its next opening would need: a snapshot is taken in their place. */
  readonly onRecordsRemoved?: ((name: PartitionName) => void) | undefined;
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
    const {
      logs,
      views,
      heads,
      epochOf,
      snapshotBytes = DEFAULT_SNAPSHOT_BYTES,
      behindBytes = DEFAULT_BEHIND_BYTES,
      lookMs = DEFAULT_LOOK_MS,
      onFenced,
      onRestored,
      onSnapshotFailed,
      onRecordsRemoved,
    } = this.#options;
    const name = { job, partition };
    return this.#open.open(job, partition, (onClosed) =>
      openLogStore({
        ...name,
        logs,
        views,
        onClosed,
        snapshotBytes,
        behindBytes,
        lookMs,
        reached: async () => heads?.reached(name) ?? 0,
        noteReached: async (seq) => heads?.note(name, seq),
        epoch: (log) => (epochOf === undefined ? nextEpoch(log) : epochOf(name)),
        fenced: () => onFenced?.(name),
        restored: (restored) => onRestored?.(name, restored),
        snapshotFailed: (error) => onSnapshotFailed?.(name, error),
        recordsRemoved: () => onRecordsRemoved?.(name),
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
