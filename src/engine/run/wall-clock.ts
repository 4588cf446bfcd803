/** The time of a run, in milliseconds since 1970. It stands still where the clock of the machine is set back, until that has caught up. */
export class WallClock {
  #latest = 0;

  now(): number {
    this.#latest = Math.max(this.#latest, Date.now());
    return this.#latest;
  }
}
