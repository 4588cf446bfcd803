/** A clock that is set by less is told to nobody: it is one that is corrected. */
const TOLD_MS = 60_000;

/** The time of a run, in milliseconds since 1970. It stands still where the clock of the machine is set back, until that has caught up. */
export class WallClock {
  readonly #onSetBack: (byMs: number) => void;
  #latest = 0;
  #told = false;

  /** @param onSetBack is told once, each time that the clock was set back by more than a minute */
  constructor(onSetBack: (byMs: number) => void) {
    this.#onSetBack = onSetBack;
  }

  now(): number {
    const at = Date.now();
    if (at >= this.#latest) {
      this.#latest = at;
      this.#told = false;
    } else if (!this.#told && this.#latest - at > TOLD_MS) {
      this.#told = true;
      this.#onSetBack(this.#latest - at);
    }
    return this.#latest;
  }
}
