/** So many commits in a row that were not answered in time, less those that were, and answers are waited for no more. */
const DOUBTED = 4;
const MOST_DOUBTS = 8;

/** The answers of one port to what commits have let out: how many are to come, and whether they come in time to be waited for. Pure. */
export class PortAnswers {
  #awaited = 0;
  /** Until then those to the last commit are in time. */
  #until = Number.NEGATIVE_INFINITY;
  /** Those to the last commit are not all there, and not late. */
  #inTime = false;
  #doubts = 0;

  /** Those that are to come. */
  get awaited(): number {
    return this.#awaited;
  }

  /** Whether some are to come for which a commit is to wait. */
  get worthwhile(): boolean {
    return this.#awaited > 0 && this.#doubts < DOUBTED;
  }

  /** So many are to come. */
  observe(now: number, awaited: number): void {
    this.#awaited = awaited;
    if (!this.#inTime) return;
    const isLate = now > this.#until;
    if (awaited > 0 && !isLate) return;
    this.#inTime = false;
    this.#doubts = isLate ? Math.min(MOST_DOUBTS, this.#doubts + 1) : Math.max(0, this.#doubts - 1);
  }

  /** A commit is durable, and now so many are to come: in time until then. Gives how many it has let out what they are to come for. */
  letOut(awaited: number, until: number): number {
    const more = Math.max(0, awaited - this.#awaited);
    this.#awaited = awaited;
    this.#until = until;
    this.#inTime = awaited > 0;
    return more;
  }
}
