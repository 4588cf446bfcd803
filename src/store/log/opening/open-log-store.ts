import type { MillraceError } from '../../../errors/index.js';
import type { LocalViews } from '../local-view.js';
import { LogStore } from '../log-store.js';
import { LogWriter } from '../log-writer.js';
import type { PartitionLog, PartitionLogs } from '../partition-log.js';
import { type BroughtUp, bringUp } from './bring-up.js';
import { type OpenedLog, openReachedLog } from './open-reached-log.js';
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
  /** The seq that the log has reached, by who keeps it elsewhere; 0: it may never have been there. */
  readonly reached: () => Promise<number>;
  /** The log has reached that. Resolves when every later opening will know it. */
  readonly noteReached: (seq: number) => Promise<void>;
  /** That of this opening: higher than any before, by who decides about owners. */
  readonly epoch: (log: PartitionLog) => Promise<number>;
  readonly snapshotBytes: number;
  readonly behindBytes: number;
  readonly snapshotFailed: (error: MillraceError) => void;
  readonly recordsRemoved: () => void;
  readonly lookMs: number;
  /** The log is ours: nobody before can write any more. */
  readonly fenced: () => void;
  readonly restored: (restored: Restored) => void;
  readonly onClosed: () => void;
}

/** Opens a log, takes it, and brings the view up to the fence: from then on all that the partition ever committed is in the view. */
export async function openLogStore(opening: LogStoreOpening): Promise<LogStore> {
  const { job, partition, logs, views, snapshotBytes, behindBytes, snapshotFailed, onClosed } = opening;
  const started = performance.now();
  const opened = await openReachedLog({ job, partition, logs, reached: await opening.reached() });
  const { log } = opened;
  // beside each other: neither needs another, and the partition waits for all
  const [viewed, blobbed] = [views.open(job, partition, log.identity), logs.blobs(job, partition)];
  for (const one of [viewed, blobbed]) one.catch(() => {});
  try {
    const { writer, noted } = await takeLog(opened, opening);
    const [view, blobs] = [await viewed, await blobbed];
    const { from, ...sizes } = await bringUp({ log, view, blobs, snapshot: writer.snapshot });
    const records = await replay(log, view, writer.head);
    // before anything is acknowledged that its loss would lose
    await noted;
    opening.restored({ from, records, elapsedMs: performance.now() - started });
    const logBytes = writer.head.bytes - sizes.covered;
    return new LogStore({
      log,
      writer,
      view,
      blobs,
      sizes: { logBytes, snapshotBytes: sizes.snapshotBytes },
      snapshotBytes,
      behindBytes,
      snapshotFailed,
      recordsRemoved: opening.recordsRemoved,
      lookMs: opening.lookMs,
      onClosed,
    });
  } catch (error) {
    await viewed.then((view) => view.close()).catch(() => {});
    await log.close().catch(() => {});
    throw error;
  }
}

/** The log is ours then; that it has come so far is noted while the view is brought up. */
async function takeLog(
  { log, last }: OpenedLog,
  { epoch, fenced, noteReached }: LogStoreOpening,
): Promise<{ readonly writer: LogWriter; readonly noted: Promise<void> }> {
  const writer = await LogWriter.take(log, await epoch(log), last);
  fenced();
  const noted = noteReached(writer.head.seq);
  noted.catch(() => {});
  return { writer, noted };
}
