/** Bounds of the waits between attempts to connect. */
export interface BackoffOptions {
  /** Ceiling of the first wait. */
  readonly firstMs: number;
  /** Ceiling of every wait. */
  readonly maxMs: number;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

/** What lasts less, in milliseconds, is no connection that was cut now and then, however short the first wait. */
const STABLE_MS = 1000;

/**
 * Exponential back-off with full jitter: each wait is anywhere between 0 and a ceiling that doubles up to `maxMs`.
 * A connection brings the ceiling down again when it made progress, or lasted a second and at least as long as the ceiling that led to it:
 * so one that flaps without any use cannot make a storm, and one that is cut now and then waits little.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #ceilingMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#ceilingMs = Math.min(options.firstMs, options.maxMs);
  }

  /** How long to wait before the next attempt, in milliseconds. */
  nextMs(): number {
    const waitMs = this.#options.random() * this.#ceilingMs;
    this.#ceilingMs = Math.min(this.#ceilingMs * 2, this.#options.maxMs);
    return waitMs;
  }

  /** The longest wait, less up to half of it so that clients do not come together. It does not raise the ceiling. */
  longMs(): number {
    return this.#options.maxMs * (1 - this.#options.random() / 2);
  }

  /** A wait of the first step that does not raise the ceiling: for a suspected conflict, which ends by itself (R19). */
  shortMs(): number {
    return this.#options.random() * Math.min(this.#options.firstMs, this.#options.maxMs, 1000);
  }

  /** A connection was accepted and has ended after this time; `progressed`: messages or answers to them came on it. */
  lasted(connectedMs: number, progressed: boolean): void {
    if (progressed || connectedMs >= Math.max(this.#ceilingMs, STABLE_MS))
      this.#ceilingMs = Math.min(this.#options.firstMs, this.#options.maxMs);
  }
}
