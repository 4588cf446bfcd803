import type { Room } from '../tick/room.js';

/** So many inputs are run at once at most: a burst of large ones after small ones overshoots a commit by no more of them. */
const MOST_INPUTS = 64;
/** What an input costs is forgotten slowly: large ones among small ones must not come as a surprise each time. */
const DECAY = 0.9;

/** Items of one input at once: some milliseconds of work. */
const MOST_OUTPUTS = 1024;
/** Before anything is known of their size. */
const FIRST_OUTPUTS = 64;
/** A slice should have about so many: with more, less is taken at once; with less than a quarter, more. */
const LARGE_SLICE_BYTES = 1024 * 1024;

/**
 * How many inputs of a source may be run before it is looked at again how much they put into the next commit. What an input leads to is
 * known only when it has been run, and a commit has a bound that must not be broken.
 */
export class CommitPace {
  /** What an input has put into a commit of late, at most. The first guess lets `MOST_INPUTS` through, once. */
  #bytesPerInput = 1;
  #outputs = FIRST_OUTPUTS;

  /** At least one while there is room, so that no input is too large to be tried. */
  inputs(room: Room): number {
    return Math.max(1, Math.min(MOST_INPUTS, Math.floor(room.bytes / this.#bytesPerInput)));
  }

  /** How many items one input may lead to at once: it gives way in between, and no more than these wait in memory. */
  get outputs(): number {
    return this.#outputs;
  }

  /** An input was paused after so many items; they have put so many bytes into the outboxes. */
  learnOutputs(bytes: number): void {
    if (bytes > LARGE_SLICE_BYTES) this.#outputs = Math.max(1, this.#outputs >> 1);
    else if (bytes * 4 < LARGE_SLICE_BYTES) this.#outputs = Math.min(MOST_OUTPUTS, this.#outputs * 2);
  }

  /** So many inputs have put so many bytes into the commit. */
  learn(inputs: number, bytes: number): void {
    if (inputs === 0) return;
    this.#bytesPerInput = Math.max(1, bytes / inputs, this.#bytesPerInput * DECAY);
  }
}
