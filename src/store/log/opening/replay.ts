import { corruptError } from '../../storage-error.js';
import type { StoreBatch } from '../../store.js';
import type { LocalView } from '../local-view.js';
import type { PartitionLog } from '../partition-log.js';
import { decodeBatch } from '../record/batch-codec.js';
import { follow } from '../record/follow.js';
import type { LogPoint } from '../record/log-point.js';

/** What is read before it is applied; one record may be more. */
const PORTION_BYTES = 4 * 1024 * 1024;
const PORTION_RECORDS = 1_000;

/**
 * Brings a view up to the last record, `head`. What the log has behind the view must follow it without a gap: the chain of checksums begins
 * at what the view has applied.
 * @returns the number of records
 * @throws MillraceError STORE_CORRUPT, also where the view is ahead of the log, or has another record where the log ends: then the log has lost
 * what it had acknowledged
 */
export async function replay(log: PartitionLog, view: LocalView, head: Pick<LogPoint, 'seq' | 'crc'>): Promise<number> {
  const { seq: upTo } = head;
  const { applied } = view;
  if (applied.seq > upTo || (applied.seq === upTo && applied.crc !== head.crc)) throw wentBack(log, view, upTo);
  let point = view.applied;
  let portion: StoreBatch[] = [];
  let bytes = 0;
  let records = 0;
  for await (const entry of log.read(view.applied.seq, upTo)) {
    const followed = follow(point, entry, log.location);
    point = followed.point;
    records += 1;
    bytes += entry.record.byteLength;
    const { kind, body } = followed.record;
    if (kind === 'commit') portion.push(decodeBatch(body, `${log.location} at ${entry.seq}`));
    if (bytes < PORTION_BYTES && portion.length < PORTION_RECORDS) continue;
    await view.apply(portion, point);
    portion = [];
    bytes = 0;
  }
  if (point.seq !== upTo) throw corruptError(`${log.location} ends at ${point.seq}, before its head at ${upTo}`);
  if (point.seq > view.applied.seq) await view.apply(portion, point);
  return records;
}

const wentBack = (log: PartitionLog, view: LocalView, upTo: number): Error =>
  corruptError(
    `${log.location} ends at ${upTo}, and a view of it has a record at ${view.applied.seq} that the log has not: it has lost what it had acknowledged`,
  );
