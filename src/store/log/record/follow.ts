import { corruptError } from '../../storage-error.js';
import type { LogEntry } from '../partition-log.js';
import type { LogPoint } from './log-point.js';
import { decodeRecord, RECORD_HEAD_BYTES, type ReadRecord } from './log-record.js';

/** A record that was read, and its place. */
export interface Followed {
  readonly record: ReadRecord;
  readonly point: LogPoint;
}

/**
 * Reads the record that comes after another one (C1): the chain of checksums, epochs that ascend, numbers without a gap in each.
 * @param location the log, for messages
 * @throws MillraceError STORE_CORRUPT when it is not the next one, STORE_VERSION
 */
export function follow(after: LogPoint, entry: LogEntry, location: string): Followed {
  const what = `${location} at ${entry.seq}`;
  const record = decodeRecord(entry.record, what);
  const { epoch, number, previous, offset, kind } = record;
  const begins = kind === 'fence' && number === 0 && epoch > after.epoch;
  const goesOn = kind !== 'fence' && epoch === after.epoch && number === after.number + 1;
  const isBehind = previous === after.crc && offset === after.bytes && entry.seq > after.seq;
  if (!isBehind || !(begins || goesOn)) {
    throw corruptError(
      `${what}: record ${epoch}.${number} does not follow ${after.epoch}.${after.number} at ${after.seq}; records between are lost, or were exchanged`,
    );
  }
  return { record, point: pointOf(entry.seq, record) };
}

/** Where a record stands. */
export const pointOf = (seq: number, { epoch, number, crc, offset, body }: ReadRecord): LogPoint => ({
  seq,
  epoch,
  number,
  crc,
  bytes: offset + RECORD_HEAD_BYTES + body.byteLength,
});
