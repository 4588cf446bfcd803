import type { Room } from './tick-machine.js';

/** So many inputs are run at once at most: a burst of large ones after small ones overshoots a commit by no more of them. */
const MOST_INPUTS = 64;
/** What an input costs is forgotten slowly: large ones among small ones must not come as a surprise each time. */
const DECAY = 0.9;

/**
 * How many inputs of a source may be run before it is looked at again how much they put into the next commit. What an input leads to is
 * known only when it has been run, and a commit has a bound that must not be broken.
 */
export class CommitPace {
  #bytesPerInput = 1;

  /** At least one while there is room, so that no input is too large to be tried. */
  inputs(room: Room): number {
    return Math.max(1, Math.min(MOST_INPUTS, Math.floor(room.bytes / this.#bytesPerInput)));
  }

  /** So many inputs have put so many bytes into the commit. */
  learn(inputs: number, bytes: number): void {
    if (inputs === 0) return;
    this.#bytesPerInput = Math.max(1, bytes / inputs, this.#bytesPerInput * DECAY);
  }
}
