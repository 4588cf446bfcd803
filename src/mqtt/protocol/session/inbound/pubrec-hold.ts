/** Where no message is finished for so long, a server is given more all the same. */
const SILENCE_MS = 1000;

/**
 * Which PUBRECs are kept back. The quota of a server grows by PUBCOMP (5.0, 4.9), but mosquitto below 2.0.13 sends the whole of a backlog, and
 * looks for the message of each PUBREC from the first one that is not finished on: of twenty thousand that are open it does little else. Where
 * few are open it finds it soon. The invariants:
 * PH1. No PUBREC is written while as many as Receive Maximum are behind theirs and before their PUBCOMP. From a server that keeps to it no
 *     more can come, so none of its messages waits.
 * PH2. Where none is finished for a second while one is kept back, as many more go out: what a server has forgotten stops nothing.
 * PH3. Before DISCONNECT all are written that are due: who takes the session over need not know what we have.
 */
export class PubrecHold {
  readonly #mostOpen: number;
  #most: number;
  #now = 0;
  /** When the first of those that are kept back came, or the last message was finished; Infinity while none is. */
  #since = Number.POSITIVE_INFINITY;

  /** @param mostOpen Receive Maximum, or Infinity to keep none back */
  constructor(mostOpen: number) {
    this.#mostOpen = mostOpen;
    this.#most = mostOpen;
  }

  /** Takes the time in, before anything is done at it. */
  observe(now: number): void {
    this.#now = now;
  }

  /** Whether a PUBREC that is due waits. @param open messages behind their PUBREC on this connection, and before their PUBCOMP */
  keeps(open: number): boolean {
    if (open < this.#most) return false;
    if (this.#since === Number.POSITIVE_INFINITY) this.#since = this.#now;
    return true;
  }

  /** A message is, or is gone: that may have made room. */
  finished(): void {
    this.#since = Number.POSITIVE_INFINITY;
  }

  /** DISCONNECT is about to be written. */
  end(): void {
    this.#most = Number.POSITIVE_INFINITY;
  }

  connectionLost(): void {
    this.#most = this.#mostOpen;
    this.#since = Number.POSITIVE_INFINITY;
  }

  /** When `handleTimeout` is wanted; Infinity for never. */
  deadline(): number {
    return this.#since + SILENCE_MS;
  }

  /** Behind it, what is due is to be written as far as `keeps` lets it (PH2). */
  handleTimeout(): void {
    if (this.#now < this.deadline()) return;
    this.#most += this.#mostOpen;
    this.#since = Number.POSITIVE_INFINITY;
  }
}
