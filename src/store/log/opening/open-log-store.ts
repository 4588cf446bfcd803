import type { LocalView, LocalViews } from '../local-view.js';
import { LogStore } from '../log-store.js';
import { LogWriter } from '../log-writer.js';
import type { PartitionLog, PartitionLogs } from '../partition-log.js';
import { replay } from './replay.js';

/** What a store is opened with. */
export interface LogStoreOpening {
  readonly job: string;
  readonly partition: number;
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  /** That of this opening: higher than any before, by who decides about owners. */
  readonly epoch: (log: PartitionLog) => Promise<number>;
  readonly onClosed: () => void;
}

/** Opens a log, takes it, and brings the view up to the fence: from then on all that the partition ever committed is in the view. */
export async function openLogStore(opening: LogStoreOpening): Promise<LogStore> {
  const { job, partition, logs, views, onClosed } = opening;
  const log = await logs.open(job, partition);
  let view: LocalView | undefined;
  try {
    const writer = await LogWriter.take(log, await opening.epoch(log));
    view = await views.open(job, partition, log.identity);
    await replay(log, view, writer.head.seq);
    return new LogStore({ log, writer, view, onClosed });
  } catch (error) {
    await view?.close().catch(() => {});
    await log.close().catch(() => {});
    throw error;
  }
}
