import type { LocalView, LocalViews } from './local-view.js';
import { bringUp } from './opening/bring-up.js';
import { replay } from './opening/replay.js';
import type { PartitionLog, PartitionLogs } from './partition-log.js';
import { crcOf, decodeRecord } from './record/log-record.js';
import type { SnapshotBlobs } from './snapshot-blobs.js';

/** What is followed, and where to. */
export interface FollowerOptions {
  readonly job: string;
  readonly partition: number;
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
}

/**
 * Keeps the view of a partition that another node owns near the end of its log, so that taking it over needs no more than the rest. It writes
 * nothing, and what it reads late or not at all costs time only.
 */
export class LogFollower {
  readonly #options: FollowerOptions;
  readonly #log: PartitionLog;
  readonly #view: LocalView;
  /** Opened when it is needed first: that asks the servers. */
  #blobs: SnapshotBlobs | undefined;
  #catching: Promise<void> = Promise.resolve();

  private constructor(options: FollowerOptions, log: PartitionLog, view: LocalView) {
    this.#options = options;
    this.#log = log;
    this.#view = view;
  }

  /** @throws as opening a store does */
  static async open(options: FollowerOptions): Promise<LogFollower> {
    const { job, partition, logs, views } = options;
    // who only reads makes none: it might be one that was removed
    const log = await (logs.find === undefined ? logs.open(job, partition) : logs.find(job, partition));
    try {
      return new LogFollower(options, log, await views.open(job, partition, log.identity));
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /**
   * Reads up to what is the end now. One call at a time.
   * @throws MillraceError CLUSTER_UNREACHABLE; STORE_CORRUPT, also where the log was trimmed meanwhile: then the next call restores
   */
  catchUp(): Promise<void> {
    this.#catching = this.#catchUp();
    return this.#catching;
  }

  /** @param openedAgain as for `LocalView.close` */
  async close(openedAgain = false): Promise<void> {
    await this.#catching.catch(() => {});
    await this.#view.close(openedAgain);
    await this.#log.close();
  }

  async #catchUp(): Promise<void> {
    const log = this.#log;
    const view = this.#view;
    const last = await log.last();
    // an end that is read late is no reason to doubt the view
    if (last === undefined || last.seq <= view.applied.seq || last.seq < view.reached.seq) return;
    const { kind, snapshot } = decodeRecord(last.record, `${log.location} at ${last.seq}`);
    const { job, partition, logs } = this.#options;
    this.#blobs ??= await logs.blobs(job, partition);
    await bringUp({ log, view, blobs: this.#blobs, snapshot: kind === 'snapshot' ? last.seq : snapshot });
    await replay(log, view, { seq: last.seq, crc: crcOf(last.record) });
  }
}
