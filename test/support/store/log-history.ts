import assert from 'node:assert/strict';
import type { PartitionLog } from '../../../src/store/log/partition-log.js';
import { allOf, withLog } from './file-log-place.js';

/** Small enough for a history to go through some. */
export const HISTORY_SEGMENT_BYTES = 200_000;

/** Record `seq` of a history: in which any half one shows, of sizes from a few bytes to some pages. */
export const historyRecord = (seq: number): Buffer => Buffer.alloc((seq * 7_919) % 20_000, `record ${seq}, `);

/** Checks that a log has a history up to some record, all of it and nothing more, and gives the seq of that; 0 for none. */
export async function checkLog(log: PartitionLog): Promise<number> {
  const entries = await allOf(log);
  for (const [index, { seq, record }] of entries.entries()) {
    assert.equal(seq, index + 1);
    assert.ok(historyRecord(seq).equals(record), `record ${seq}`);
  }
  return entries.length;
}

/** Opens what a writer left, checks that its history is whole, and gives its last record. It takes a further one, too. */
export const recoverHistoryLog = (dir: string): Promise<number> =>
  withLog(
    dir,
    async (log) => {
      const found = await checkLog(log);
      await log.append(historyRecord(found + 1), found);
      assert.equal(await checkLog(log), found + 1);
      return found;
    },
    HISTORY_SEGMENT_BYTES,
  );
