/** A timer that fires this late proves that we were stalled, not the peer. */
const STALL_MS = 1000;

/**
 * How long the peer may be silent, as a pure deadline. A check that comes more than a second late starts the time once
 * more before it declares the peer silent, because its answer may wait in a buffer that nobody could read.
 */
export class PeerTimer {
  readonly #timeoutMs: number;
  #at = Number.POSITIVE_INFINITY;
  #graceGiven = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Infinity while it does not run. */
  get at(): number {
    return this.#at;
  }

  get running(): boolean {
    return this.#at !== Number.POSITIVE_INFINITY;
  }

  /** With a grace of its own, should it be looked at late. */
  start(now: number): void {
    this.#at = now + this.#timeoutMs;
    this.#graceGiven = false;
  }

  stop(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  /** Begins again if it runs: the peer was heard, or could not be heard until now. */
  restart(now: number): void {
    if (this.running) this.start(now);
  }

  /** Whether the peer has been silent for too long. */
  expired(now: number): boolean {
    if (now < this.#at) return false;
    if (now - this.#at <= STALL_MS || this.#graceGiven) return true;
    this.#at = now + this.#timeoutMs;
    this.#graceGiven = true;
    return false;
  }
}
