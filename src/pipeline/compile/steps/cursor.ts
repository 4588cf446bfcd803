import type { StateKey } from '../../stage-state.js';
import type { Vertex } from '../../vertex.js';
import { type InputTimes, NO_TIMES } from './input-times.js';

/** The rest of a fan-out, or of a `flatMap`. */
export type Rest = () => void;

/** Where a run stands: read when a user function throws. The steps write it, in plain assignments: it costs no call for an item. */
export interface Cursor {
  /** Of the input under way. */
  index: number;
  /** Outputs of the run. */
  produced: number;
  /** Whose function is called, with which item. */
  stage: Vertex | undefined;
  /** What came to the stage under way: a letter has it. */
  item: unknown;
  /** That of the item that came to a stage with state last. */
  key: StateKey | undefined;
  /** The input that came to a stage with state last. */
  touched: number;
  /** Of the item under way, where it has one. Who gives what stands behind it another puts this one back when that is through. */
  timestamp: number;
  /** What is known of the inputs of the run. */
  times: InputTimes;
  /** For each item that came too late for a window the name of the stage, until the engine has counted them. */
  late: string[];
  /** Items that `flatMap` may still give before the run pauses. */
  left: number;
  /**
   * What is left to do of an input that is paused, innermost first. While it is not empty, every step on its way back leaves what it
   * has left to do behind the others, and returns: so the rest is done in the very order in which it would have been.
   */
  rest: Rest[];
}

export const createCursor = (): Cursor => ({
  index: 0,
  produced: 0,
  stage: undefined,
  item: undefined,
  key: undefined,
  touched: -1,
  timestamp: Number.NaN,
  times: NO_TIMES,
  late: [],
  left: 0,
  rest: [],
});
