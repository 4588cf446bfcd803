import type { ConnectRequest } from './session-options.js';

/** Counts fresh sessions (R5), and knows when the server's session cannot be the one whose state we hold. */
export class SessionEpoch {
  #number: number;
  #current: number;
  #lost = false;
  /** A clean CONNECT has no CONNACK yet: whatever the server has from now on, it is not our state (R5a). */
  #cleaned = false;

  constructor(number: number) {
    this.#number = number;
    this.#current = number;
  }

  /** That of the session whose state we hold. */
  get current(): number {
    return this.#current;
  }

  /** That of the session which the server has: above the current one while a loss is undecided. */
  get number(): number {
    return this.#number;
  }

  /** A session was lost and its owner has not decided yet. */
  get lost(): boolean {
    return this.#lost;
  }

  connecting({ clean }: ConnectRequest): void {
    this.#cleaned ||= clean;
  }

  /**
   * CONNACK came; true when the session is fresh. 3.1 does not say, so there one that was kept counts as present. One that
   * began under a loss still undecided, by a clean CONNECT whose CONNACK was lost, or elsewhere (R5b) is fresh whatever the server says.
   */
  connected({ version, clean, elsewhere = false }: ConnectRequest, sessionPresent: boolean): boolean {
    const present = version === 3 ? !clean && this.#number > 0 : sessionPresent;
    const fresh = !present || elsewhere || this.#lost || this.#cleaned;
    this.#cleaned = false;
    if (fresh || this.#number === 0) this.#number += 1;
    return fresh;
  }

  /** The server's session turned out not to be ours, although it was present (R5a). */
  disproved(): void {
    this.#number += 1;
    this.#lost = true;
  }

  /** Whether a fresh session made us lose something that the owner has to decide about. */
  setLost(lost: boolean): void {
    this.#lost = lost;
    if (!lost) this.#current = this.#number;
  }
}
