import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry } from '../log/partition-log.js';
import type { PartitionStream, StoredMessage } from './partition-stream.js';
import { foreign, readRecords } from './read-records.js';

/** A batch may show itself message by message for a moment, while it enters. */
const ENTERS_MS = 5_000;
const PAUSE_MS = 20;

/** The last record, and where its first message stands. */
export interface LastRecord {
  readonly entry: LogEntry;
  readonly first: number;
}

/**
 * PL3: what the leader has last; undefined where there has never been anything.
 * @throws MillraceError STORE_CORRUPT for what is no record, CLUSTER_UNREACHABLE
 */
export const lastRecord = async (stream: PartitionStream, location: string): Promise<LastRecord | undefined> => {
  const endsAt = performance.now() + ENTERS_MS;
  for (;;) {
    const seq = await stream.last();
    if (seq === undefined) return undefined;
    const message = await stream.messageAt(seq);
    if (message !== undefined) {
      if (message.mark === '' || message.place === undefined) throw foreign(location, seq);
      if (message.place.index === message.place.count)
        return wholeRecord(stream, location, message, message.place.count);
    }
    if (performance.now() > endsAt) throw foreign(location, seq);
    await sleep(PAUSE_MS);
  }
};

const wholeRecord = async (
  stream: PartitionStream,
  location: string,
  { seq, bytes }: StoredMessage,
  count: number,
): Promise<LastRecord> => {
  const first = seq - count + 1;
  if (count === 1) return { entry: { seq, record: bytes }, first };
  const reading = { stream, location, after: first - 1, upTo: seq, checkOpen: () => {} };
  for await (const entry of readRecords(reading)) return { entry, first };
  throw foreign(location, seq);
};
