import { PortAnswers } from './port-answers.js';

/** Answers are waited for so long at least, and at most, whatever a commit takes: those of brokers nearby come within the first. */
const LEAST_WAIT_MS = 0.5;
const MOST_WAIT_MS = 3;
/** Reading an answer takes about so long, and so many that come together are one commit. */
const ANSWER_MS = 0.01;
/** Commits need not be farther apart, however much is let out by each. */
const MOST_APART_MS = 1;
/** To write a byte of changed state takes about a tenth of that: where there is always more to do, it is a small part of the work. */
const STATE_BYTE_MS = 1 / 30_000;
/** What is let out waits no longer than that, and never longer than it takes until all is done that is there to do. */
const MOST_GATHER_MS = 100;

/**
 * When the next commit is sealed. What one has let out is answered soon (PUBLISH by PUBREC, PUBREC by PUBREL), and each answer wants a
 * commit: sealed before them, the next one has a part of them, and the rest waits for the whole of it. So
 * - it waits until what the last one let out is answered, no longer than that one took: more is not lost by sealing too early;
 * - where those of one port come later than that, as with a broker far away or one that has a long backlog to go through, its answers are
 *   waited for no more, and those of the others are all the same;
 * - where very much is let out, commits are so far apart that a commit, which costs the same whatever it has, is a small part of the work.
 * What comes while nothing is awaited is sealed at once: a message that is alone waits for no timer. Only where there is more to do at once,
 * a commit that had very much state keeps the next one away for a while: what comes meanwhile changes many of the same keys, and each of them
 * is written once.
 *
 * Pure. `observe` comes at each look at what is awaited, `waits` before a commit that could be sealed, `sealed` and `durable` with each.
 */
export class CommitTiming {
  /** In the order in which they are told of. */
  readonly #ports: PortAnswers[] = [];
  #sealedAt = Number.NEGATIVE_INFINITY;
  /** Until then the answers to the last commit are waited for. */
  #answersUntil = Number.NEGATIVE_INFINITY;
  /** Until then a commit would be too near to the last one. */
  #apartUntil = Number.NEGATIVE_INFINITY;
  /** For so long behind the last one changes of state are gathered, where there are more at once. */
  #gatherMs = 0;
  #gatherUntil = Number.NEGATIVE_INFINITY;
  #waiting = false;

  /** So many answers are to come at each port. */
  observe(now: number, awaited: readonly number[]): void {
    for (const [index, count] of awaited.entries()) this.#port(index).observe(now, count);
    // what it waited with may be wanted no more, as the mark of a connection that has ended: then nobody asks whether it still waits
    this.#waiting &&= now < this.#until;
  }

  /** Whether the next commit, which has something to store, is to wait. */
  waits(now: number): boolean {
    this.#waiting = now < this.#until;
    return this.#waiting;
  }

  /** Whether the last question whether it is to wait was answered so, and no commit was sealed since. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Whether it is to wait for more changes of state. Asked while there is more to do at once. */
  gathers(now: number): boolean {
    return this.#awaitsNone && now < this.#gatherUntil;
  }

  /** A commit is under way. @param stateBytes of state that has changed, roughly */
  sealed(now: number, stateBytes = 0): void {
    this.#sealedAt = now;
    this.#gatherMs = Math.min(MOST_GATHER_MS, stateBytes * STATE_BYTE_MS);
    this.#waiting = false;
  }

  /** It is durable. @param awaited answers at each port, now with those to what it has let out: `observe` was told those before */
  durable(now: number, awaited: readonly number[]): void {
    this.#answersUntil = now + Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, now - this.#sealedAt));
    let more = 0;
    for (const [index, count] of awaited.entries()) more += this.#port(index).letOut(count, this.#answersUntil);
    // and not from its seal, which takes as long where very much state has changed
    this.#gatherUntil = now + this.#gatherMs;
    this.#apartUntil = this.#sealedAt + Math.min(MOST_APART_MS, more * ANSWER_MS);
  }

  /** When a commit that waits is sealed in any case; Infinity while none waits. */
  deadline(): number {
    return this.#waiting ? this.#until : Number.POSITIVE_INFINITY;
  }

  /** Until then the next commit waits. */
  get #until(): number {
    if (this.#ports.some(({ worthwhile }) => worthwhile)) return Math.max(this.#answersUntil, this.#apartUntil);
    return this.#awaitsNone ? Number.NEGATIVE_INFINITY : this.#apartUntil;
  }

  get #awaitsNone(): boolean {
    return this.#ports.every(({ awaited }) => awaited === 0);
  }

  #port(index: number): PortAnswers {
    this.#ports[index] ??= new PortAnswers();
    return this.#ports[index];
  }
}
