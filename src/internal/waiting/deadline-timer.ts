/** Longest delay that `setTimeout` takes. */
const MAX_DELAY_MS = 2_147_483_647;

/**
 * One timer for a deadline that moves all the time. Moving the deadline later costs nothing: the running timer fires, sees
 * that it is early and arms itself again. Times are milliseconds of `performance.now()`.
 */
export class DeadlineTimer {
  readonly #onDue: (lateMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;
  #deadline = Number.POSITIVE_INFINITY;

  /** `onDue` is told how late it is called: much, when this process was stalled. */
  constructor(onDue: (lateMs: number) => void) {
    this.#onDue = onDue;
  }

  /** Infinity: never. */
  set(deadline: number): void {
    this.#deadline = deadline;
    if (deadline < this.#firesAt) this.#arm();
  }

  /** The same where it is before the one that is set. */
  bring(deadline: number): void {
    if (deadline < this.#deadline) this.set(deadline);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = Number.POSITIVE_INFINITY;
    this.#deadline = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#firesAt = this.#deadline;
    // one millisecond more than the rest: a timer may fire a fraction early
    const delayMs = Math.min(Math.max(Math.ceil(this.#deadline - performance.now()), 0) + 1, MAX_DELAY_MS);
    this.#timer = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#firesAt = Number.POSITIVE_INFINITY;
    const lateMs = performance.now() - this.#deadline;
    if (lateMs >= 0) {
      this.#deadline = Number.POSITIVE_INFINITY;
      this.#onDue(lateMs);
    } else if (this.#deadline !== Number.POSITIVE_INFINITY) {
      this.#arm();
    }
  }
}
