import { Ring } from '../../../../internal/ring.js';
import type { FinishedIds } from './finished-ids.js';

/** After so long without the answer to the fence one more message is completed, which makes a broker speak whose window was full. */
const ANSWER_MS = 1000;
/** After so long all are, though it said nothing: keep-alive, by its default, would have ended the connection before. */
const SILENCE_MS = 60_000;

/**
 * R2b: the messages that wait to be completed, because a copy of them could not be told. The invariants:
 * H1. While no id is known to be free, one PUBCOMP of a connection is without its fence, and no other is written. The other messages
 *     stay rows, by which R2 answers a copy.
 * H2. A message whose PUBREL came on an earlier connection is not completed then: the broker, which has no PUBCOMP, sends PUBREL or
 *     the message again, and `complete` comes again. So nothing is held over the end of a connection.
 * H3. The fence may stay without its answer. A broker that speaks after a second, and has not answered, does not answer: all is
 *     completed, for this connection. One that is silent may stand still, and its connection be about to end.
 */
export class CompletionHold {
  readonly #finished: FinishedIds;
  readonly #tokens = new Ring<number>();
  #now = 0;
  /** When the first of those that wait began to, or the last fence was answered. */
  #since = 0;
  /** The fences answered by then. */
  #fenced = 0;
  #overdue = false;
  #over = false;

  constructor(finished: FinishedIds) {
    this.#finished = finished;
  }

  /** Takes the time in, before anything is done at it. */
  observe(now: number): void {
    this.#now = now;
  }

  /** Whether a message must not be completed now. `released`: its PUBREL came on this connection; then `next` gives it in time. */
  holds(token: number, released: boolean): boolean {
    if (this.#over || !this.#finished.wantsFence) return false;
    if (!released) return true;
    if (this.#mayComplete) return false;
    if (!this.#holding) this.#restart();
    this.#tokens.push(token);
    return true;
  }

  /** A message that waits no longer. */
  next(): number | undefined {
    if (!this.#holding) return undefined;
    if (!this.#over && this.#finished.wantsFence && !this.#mayComplete) return undefined;
    return this.#tokens.shift();
  }

  /** Packets came. */
  heard(): void {
    if (!this.#holding) return;
    if (this.#finished.passed !== this.#fenced) this.#restart();
    else if (this.#overdue) this.#over = true;
  }

  /** When `handleTimeout` is wanted; Infinity for never. */
  deadline(): number {
    if (!this.#holding) return Number.POSITIVE_INFINITY;
    return this.#since + (this.#overdue ? SILENCE_MS : ANSWER_MS);
  }

  handleTimeout(): void {
    if (this.#now < this.deadline()) return;
    this.#over = this.#overdue;
    this.#overdue = true;
  }

  /** The connection is about to end in order: there is nothing to wait for. */
  end(): void {
    this.#over = true;
  }

  connectionLost(): void {
    this.#tokens.clear();
    this.#overdue = false;
    this.#over = false;
  }

  get #holding(): boolean {
    return this.#tokens.size > 0;
  }

  get #mayComplete(): boolean {
    return this.#finished.unfenced < (this.#overdue ? 2 : 1);
  }

  #restart(): void {
    this.#since = this.#now;
    this.#fenced = this.#finished.passed;
    this.#overdue = false;
  }
}
