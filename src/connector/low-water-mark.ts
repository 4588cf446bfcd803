import { Ring } from '../internal/ring.js';

/** Something at a position that is to be completed. */
export interface MarkEntry {
  /** Above that of each entry before it. */
  readonly position: number;
  /** Set by `LowWaterMark.complete` alone. */
  complete: boolean;
}

/** Follows what was opened in ascending order and is completed in any order: the mark is where the complete prefix ends. */
export class LowWaterMark {
  /** From the first that is not complete on. Bounded by whoever opens them. */
  readonly #open = new Ring<MarkEntry>();
  #value: number | undefined;

  /** The highest position of the complete prefix; undefined before there is one. */
  get value(): number | undefined {
    return this.#value;
  }

  /** How many entries stand at or above the first that is not complete. */
  get size(): number {
    return this.#open.size;
  }

  /** Positions must ascend. */
  open(position: number): MarkEntry {
    const entry: MarkEntry = { position, complete: false };
    this.#open.push(entry);
    return entry;
  }

  /** True when the mark has moved. Completing an entry twice does nothing. */
  complete(entry: MarkEntry): boolean {
    entry.complete = true;
    const before = this.#value;
    for (let head = this.#open.peek(); head?.complete === true; head = this.#open.peek()) {
      this.#value = head.position;
      this.#open.shift();
    }
    return this.#value !== before;
  }
}
