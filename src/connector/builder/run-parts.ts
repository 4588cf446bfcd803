/** Some items of a run, by their places in it: `to` is one above the last. */
export interface RunPart {
  /** Of the first of them. */
  readonly from: number;
  /** One above the last of them. */
  readonly to: number;
}

/**
 * Which items of a run are delivered together, and which one is to blame when that fails for good. Pure: the run ends where its items are
 * all delivered or given up.
 *
 * RP1. Items are through in their order: nothing behind one that failed is tried before that is given up.
 * RP2. Only an item that failed with nothing else in the context is to blame. What is blamed together is halved, so that one bad item of n
 *     costs about 2 log n tries.
 * RP3. A part that keeps failing for now gets smaller, down to one item: a run whose calls fail now and then gets through, however long.
 */
export class RunParts {
  #from = 0;
  /** Where the present part ends, on top, and those behind it; the last is the end of the run. */
  readonly #ends: number[];

  constructor(count: number) {
    this.#ends = [count];
  }

  /** What is to be delivered next; undefined when all are through. */
  get next(): RunPart | undefined {
    const to = this.#ends.at(-1);
    return to === undefined ? undefined : { from: this.#from, to };
  }

  /** All before this place are delivered, or given up. Gives how many more these are. */
  through(to: number): number {
    const count = to - this.#from;
    this.#from = to;
    for (let end = this.#ends.at(-1); end !== undefined && end <= to; end = this.#ends.at(-1)) this.#ends.pop();
    return count;
  }

  /**
   * These have failed for good. False when that is one item, and the first: then it is to blame. Else the next part is a smaller one.
   */
  cut({ from, to }: RunPart): boolean {
    if (from > this.#from) {
      // what was received before it is with it in the context, and goes first
      this.#ends.push(from);
      return true;
    }
    return this.#halve({ from, to });
  }

  /** The next part is half of this one, if that is more than an item: fewer are lost when it fails again. */
  shrink(): void {
    if (this.next !== undefined) this.#halve(this.next);
  }

  #halve({ from, to }: RunPart): boolean {
    if (to - from === 1) return false;
    this.#ends.push(from + Math.ceil((to - from) / 2));
    return true;
  }
}
