import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../../errors/index.js';
import type { LogEntry, PartitionLog, PartitionLogs } from '../partition-log.js';

/** How often a log has to lack what it had, which a server that has just started may say of one that it has; and between two looks. */
const SURE = 3;
const LOOK_MS = 1_000;

/** Which log, and what is known of it from elsewhere. */
export interface ReachedLog {
  readonly job: string;
  readonly partition: number;
  readonly logs: PartitionLogs;
  /** The seq that it has reached; 0: it may never have been there. */
  readonly reached: number;
}

/** An open log. */
export interface OpenedLog {
  readonly log: PartitionLog;
  /** Its last record, where that was looked at; there may be more by now. */
  readonly last: LogEntry | undefined;
}

/**
 * Opens a log, and makes it only where it may never have been there: one that was removed would begin anew without what the partition had.
 * @throws MillraceError STORE_CORRUPT where it is not there any more, or ends below what it had reached; and those of the log
 */
export async function openReachedLog(wanted: ReachedLog): Promise<OpenedLog> {
  const { job, partition, logs, reached } = wanted;
  if (reached === 0) return { log: await logs.open(job, partition), last: undefined };
  for (let look = 1; ; look += 1) {
    try {
      return await openWhole(wanted);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== 'STORE_CORRUPT' || look === SURE) throw error;
      await sleep(LOOK_MS);
    }
  }
}

async function openWhole({ job, partition, logs, reached }: ReachedLog): Promise<OpenedLog> {
  const log = await (logs.find === undefined ? logs.open(job, partition) : logs.find(job, partition));
  try {
    const last = await log.last();
    const seq = last?.seq ?? 0;
    if (seq < reached) throw lost(log, seq, reached);
    return { log, last };
  } catch (error) {
    await log.close().catch(() => {});
    throw error;
  }
}

const lost = ({ location }: PartitionLog, seq: number, reached: number): MillraceError =>
  new MillraceError(
    'STORE_CORRUPT',
    `${location} ends at ${seq}, and had a record at ${reached} when it was opened before: it has lost what it had acknowledged, or was made anew`,
    {
      advice:
        'Nothing was written to it. Restore the streams of the job from one backup, or start the job under another name; docs/cluster.md says how one begins anew under its own.',
      details: { seq, reached },
    },
  );
