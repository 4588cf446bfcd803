/** A clock that is set by less is told to nobody: it is one that is corrected. */
const TOLD_MS = 60_000;

/** Who is told that the clock of the machine was set. */
export interface ClockWatcher {
  /** Told once, each time that it was set back by more than a minute. */
  readonly onSetBack: (byMs: number) => void;
  /** Told each time that it has gone ahead by more than a minute more than has passed: it was set, or the machine slept. */
  readonly onSetAhead: (byMs: number) => void;
}

/** The time of a run, in milliseconds since 1970. It stands still where the clock of the machine is set back, until that has caught up. */
export class WallClock {
  readonly #watcher: ClockWatcher;
  #latest = 0;
  /** What the clock of the machine said at the last look. */
  #lookedAt = 0;
  /** By `performance.now()`, which nobody sets: when the time went on last. */
  #latestAt = Number.NaN;
  #told = false;

  constructor(watcher: ClockWatcher) {
    this.#watcher = watcher;
  }

  /** @param passedAt what `performance.now()` says */
  now(passedAt: number): number {
    const at = Date.now();
    this.#lookedAt = at;
    if (at >= this.#latest) this.#goOn(at, passedAt);
    else if (!this.#told && this.#latest - at > TOLD_MS) {
      this.#told = true;
      this.#watcher.onSetBack(this.#latest - at);
    }
    return this.#latest;
  }

  #goOn(at: number, passedAt: number): void {
    // NaN at the first look, of which nothing is said
    const byMs = at - this.#latest - (passedAt - this.#latestAt);
    this.#latest = at;
    this.#latestAt = passedAt;
    this.#told = false;
    if (byMs > TOLD_MS) this.#watcher.onSetAhead(Math.round(byMs));
  }

  /**
   * How long to wait from the last look for a time of the run: one that was set back has to catch up before. Not from now: the clock has whole
   * milliseconds, and what is waited for is less.
   */
  until(time: number): number {
    return time - this.#lookedAt;
  }
}
