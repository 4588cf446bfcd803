import type { MillraceError } from '../../../errors/index.js';
import type { LocalView, LocalViews } from '../local-view.js';
import { LogStore } from '../log-store.js';
import { LogWriter } from '../log-writer.js';
import type { PartitionLog, PartitionLogs } from '../partition-log.js';
import { type BroughtUp, bringUp } from './bring-up.js';
import { replay } from './replay.js';

/** How an opened store came to what it has. */
export interface Restored {
  /** As in `BroughtUp`. */
  readonly from: BroughtUp['from'];
  /** Records of the log that were read. */
  readonly records: number;
  readonly elapsedMs: number;
}

/** What a store is opened with. */
export interface LogStoreOpening {
  readonly job: string;
  readonly partition: number;
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  /** That of this opening: higher than any before, by who decides about owners. */
  readonly epoch: (log: PartitionLog) => Promise<number>;
  readonly snapshotBytes: number;
  readonly snapshotFailed: (error: MillraceError) => void;
  /** The log is ours: nobody before can write any more. */
  readonly fenced: () => void;
  readonly restored: (restored: Restored) => void;
  readonly onClosed: () => void;
}

/** Opens a log, takes it, and brings the view up to the fence: from then on all that the partition ever committed is in the view. */
export async function openLogStore(opening: LogStoreOpening): Promise<LogStore> {
  const { job, partition, logs, views, snapshotBytes, snapshotFailed, onClosed } = opening;
  const started = performance.now();
  const log = await logs.open(job, partition);
  let view: LocalView | undefined;
  try {
    const blobs = await logs.blobs(job, partition);
    const writer = await LogWriter.take(log, await opening.epoch(log));
    opening.fenced();
    view = await views.open(job, partition, log.identity);
    const { from, ...sizes } = await bringUp({ log, view, blobs, snapshot: writer.snapshot });
    const records = await replay(log, view, writer.head);
    opening.restored({ from, records, elapsedMs: performance.now() - started });
    const logBytes = writer.head.bytes - sizes.covered;
    return new LogStore({
      log,
      writer,
      view,
      blobs,
      sizes: { logBytes, snapshotBytes: sizes.snapshotBytes },
      snapshotBytes,
      snapshotFailed,
      onClosed,
    });
  } catch (error) {
    await view?.close().catch(() => {});
    await log.close().catch(() => {});
    throw error;
  }
}
