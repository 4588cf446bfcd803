import type { MillraceError } from '../../errors/index.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';

/** Servers that say nothing for so long do not answer, in milliseconds: an election of a leader alone takes longer. */
const ANSWER_MS = 2_000;

/**
 * The way of a node into a job. One that is to end meanwhile goes it to its end where the servers answer, so that they hear of that as they
 * would a moment later; where they do not, it is given up.
 */
export class Joining {
  /** Settles, and never rejects, when the node has joined, or has ended. */
  readonly done: Promise<void>;
  readonly #givenUp = new AbortController();

  /** @param join never rejects; it settles at once when its signal aborts, whose reason is what the node ends with */
  constructor(join: (signal: AbortSignal) => Promise<void>) {
    this.done = join(this.#givenUp.signal);
  }

  /**
   * Resolves when it is over.
   * @param error what the node ends with if it is given up
   * @returns whether it was given up
   */
  async end(error: MillraceError): Promise<boolean> {
    const done = new AbortController();
    void this.done.then(() => done.abort());
    await abortableWait(ANSWER_MS, done.signal);
    if (!done.signal.aborted) this.#givenUp.abort(error);
    await this.done;
    return this.#givenUp.signal.aborted;
  }
}
