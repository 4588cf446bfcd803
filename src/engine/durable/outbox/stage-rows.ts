import type { StoreBatch } from '../../../store/store.js';
import type { DurableOutputLane } from '../output-lane.js';

/** In the middle of an input rows are staged when there are so many, or when they have this part of what a commit may have. */
const STAGE_ROWS = 4096;
const STAGE_SHARE = 64;
/** So many more may be there while others are on their way to the store. */
const STAGE_AHEAD = 4;

/** Rows and their bytes. */
interface RowCount {
  readonly rows: number;
  readonly bytes: number;
}

const stageableOf = (sinks: readonly DurableOutputLane[]): RowCount => {
  let rows = 0;
  let bytes = 0;
  for (const { outboxes } of sinks) {
    for (const { stageable } of outboxes) {
      rows += stageable.rows;
      bytes += stageable.bytes;
    }
  }
  return { rows, bytes };
};

const stageLimits = (maxCommitBytes: number): RowCount => ({ rows: STAGE_ROWS, bytes: maxCommitBytes / STAGE_SHARE });

/** Whether an input that is under way may lead to more before rows of it are stored. */
export const hasStageRoom = (sinks: readonly DurableOutputLane[], maxCommitBytes: number): boolean => {
  const { rows, bytes } = stageableOf(sinks);
  const most = stageLimits(maxCommitBytes);
  return rows < most.rows * STAGE_AHEAD && bytes < most.bytes * STAGE_AHEAD;
};

/** A commit of rows alone, ahead of that of their input (`Outbox`, B1); undefined while there are too few for one. */
export const stageRows = (
  sinks: readonly DurableOutputLane[],
  maxCommitBytes: number,
  midUnit: boolean,
): StoreBatch | undefined => {
  const { rows, bytes } = stageableOf(sinks);
  // between two units rows go with the commit of their inputs, unless they alone would make that too large
  const most = midUnit ? stageLimits(maxCommitBytes) : { rows: Number.POSITIVE_INFINITY, bytes: maxCommitBytes / 2 };
  if (rows < most.rows && bytes < most.bytes) return undefined;
  const batch = new Map<string, Uint8Array | undefined>();
  let room = maxCommitBytes / 4;
  for (const { outboxes } of sinks) {
    for (const outbox of outboxes) room = outbox.stage(batch, room);
  }
  return batch.size === 0 ? undefined : batch;
};
