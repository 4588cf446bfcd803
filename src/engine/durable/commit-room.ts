import type { CommitPart } from '../tick/commit-part.js';
import type { Room } from '../tick/room.js';
import type { DurableOutputLane } from './output-lane.js';

/** What waits for the next commit. */
export interface Waiting {
  readonly sinks: readonly DurableOutputLane[];
  readonly parts: readonly CommitPart[];
}

/** How much more may wait for the next commit: rows, and bytes of rows and of state. */
export const commitRoom = (bounds: Room, { sinks, parts }: Waiting): Room => {
  let { items, bytes } = bounds;
  for (const { outboxes } of sinks) {
    for (const { addedRows, addedBytes } of outboxes) {
      items -= addedRows;
      bytes -= addedBytes;
    }
  }
  for (const { changedBytes } of parts) bytes -= changedBytes;
  return { items, bytes };
};
