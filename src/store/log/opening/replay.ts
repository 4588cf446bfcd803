import { corruptError } from '../../storage-error.js';
import type { LocalView } from '../local-view.js';
import type { PartitionLog } from '../partition-log.js';
import { follow } from '../record/follow.js';
import type { LogPoint } from '../record/log-point.js';
import { ViewFiller } from './view-filler.js';

/**
 * Brings a view up to the last record, `head`. What the log has behind the view must follow it without a gap: the chain of checksums begins
 * at what the view has applied.
 * @returns the number of records
 * @throws MillraceError STORE_CORRUPT, also where the view has, or may have, more than the log, or another record than that: then the log has
 * lost what it had acknowledged
 */
export async function replay(log: PartitionLog, view: LocalView, head: Pick<LogPoint, 'seq' | 'crc'>): Promise<number> {
  const { applied, reached } = view;
  if (reached.seq > head.seq || (reached.seq === head.seq && reached.crc !== head.crc)) throw wentBack(log, reached);
  await using filler = new ViewFiller(view);
  let point = applied;
  let records = 0;
  for await (const entry of log.read(applied.seq, head.seq)) {
    const followed = follow(point, entry, log.location);
    const passes = point.seq < reached.seq && followed.point.seq >= reached.seq;
    if (passes && followed.point.crc !== reached.crc) throw wentBack(log, reached);
    point = followed.point;
    records += 1;
    const { kind, body } = followed.record;
    if (kind === 'commit') await filler.add(body, point, `${log.location} at ${entry.seq}`);
  }
  if (point.seq !== head.seq)
    throw corruptError(`${log.location} ends at ${point.seq}, before its head at ${head.seq}`);
  if (point.seq > applied.seq) await filler.end(point);
  return records;
}

const wentBack = (log: PartitionLog, { seq }: LogPoint): Error =>
  corruptError(
    `${log.location} does not have the record at ${seq} that a view of it has: it has lost what it had acknowledged`,
  );
