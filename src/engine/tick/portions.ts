import type { MillraceError } from '../../errors/millrace-error.js';

/** How much of a lane is run at once. */
export interface Portion {
  /** Inputs that are run at most; Infinity for all that there are. */
  readonly inputs: number;
  /** Outputs after which the run pauses in the middle of an input. At least 1. */
  readonly outputs: number;
}

/** Portions out what one lane runs, and takes what each portion has led to into custody. */
export interface Portions {
  /** The next portion, of a lane behind which so many outputs have room. */
  next(room: number): Portion;
  /**
   * Takes over what the portion has left in the lanes. What a sink throws at an item is the item's failure, and is given back.
   * @param inputs how many were run from their beginning to their end, where nothing failed; 0 where the portion paused, or went on
   */
  keep(inputs: number, paused: boolean): MillraceError | undefined;
}
