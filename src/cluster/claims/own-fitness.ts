interface Mark {
  readonly until: number;
  /** How often in a row. */
  readonly level: number;
}

/** Others come before this node for so long at first, in milliseconds; each further time for twice as long, up to the most. */
const FIRST_MS = 60_000;
const MOST_MS = 1_800_000;

/**
 * Which partitions this node could not open, for reasons of its own, and until when others come before it. What is wrong with the node may
 * be wrong for all its partitions, so the time grows with each failure of whichever, and what ran well counts for its partition alone.
 */
export class OwnFitness {
  readonly #marks = new Map<number, Mark>();

  /** @returns for how long, in milliseconds */
  failed(partition: number, now: number): number {
    const level = 1 + Math.max(0, ...[...this.#marks.values()].map((mark) => mark.level));
    const forMs = Math.min(MOST_MS, FIRST_MS * 2 ** (level - 1));
    this.#marks.set(partition, { until: now + forMs, level });
    return forMs;
  }

  /** A run of it went well here. */
  proved(partition: number): void {
    this.#marks.delete(partition);
  }

  unfit(now: number): readonly number[] {
    return [...this.#marks].filter(([, { until }]) => until > now).map(([partition]) => partition);
  }
}
