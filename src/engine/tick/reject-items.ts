import type { FragmentRun } from '../../pipeline/compile/fragment/fragment.js';
import type { Frame } from './lanes/frame.js';
import type { TickLanes } from './lanes/tick-lanes.js';
import { rejectedByStage } from './user-function-failure.js';

/** Gives up what stages of a run have failed at, with the letters behind what the run led to, and in custody with it. */
export const rejectItems = (
  lanes: TickLanes,
  { rejected }: FragmentRun,
  { frame, originOf }: { readonly frame: Frame; readonly originOf: (index: number) => number },
): void => {
  for (const { vertex, stage, cause, index, item, key } of rejected) {
    const error = rejectedByStage(stage, cause, { frame, origin: originOf(index) });
    lanes.rejectItem(vertex, { item, error, attempt: 1, origin: stage, key }, frame);
  }
};
