import type { AsyncStagePlan } from '../../../pipeline/compile/pipeline-plan.js';
import type { GivenItems } from './given-items.js';
import type { Slot } from './slot.js';

/** One mapAsync stage of a running job as the tick machine sees it: items go in, calls come out, their results in order. */
export interface CallLane {
  /** Its fragment takes the results. */
  readonly plan: AsyncStagePlan;
  /** Items that no call was started for yet. */
  readonly waiting: number;
  /** Bytes of items in it that are counted nowhere else: their inputs are complete. */
  readonly heldBytes: number;
  /** Whether every result has been taken. */
  readonly idle: boolean;
  /** Adds items of a frame. */
  enqueue(given: GivenItems): void;
  /** The next call to start, or undefined when none may. */
  takeCall(): Slot | undefined;
  /** The settled calls that no older call stands in front of and that belong to one frame. */
  takeSettled(): readonly Slot[];
}
