/** Answers are waited for so long at least, and at most, whatever a commit takes: those of brokers nearby come within the first. */
const LEAST_WAIT_MS = 0.5;
const MOST_WAIT_MS = 3;
/** Reading an answer takes about so long, and so many that come together are one commit. */
const ANSWER_MS = 0.01;
/** Commits need not be farther apart, however much is let out by each. */
const MOST_APART_MS = 1;
/** To write a byte of changed state takes a fraction of that: where there is always more to do, it is a small part of the work. */
const STATE_BYTE_MS = 1 / 150_000;
const MOST_GATHER_MS = 20;
/** So many commits in a row that were not answered in time, less those that were, and answers are waited for no more. */
const DOUBTED = 4;
const MOST_DOUBTS = 8;

/**
 * When the next commit is sealed. What one has let out is answered soon (PUBLISH by PUBREC, PUBREC by PUBREL), and each answer wants a
 * commit: sealed before them, the next one has a part of them, and the rest waits for the whole of it. So
 * - it waits until what the last one let out is answered, no longer than that one took: more is not lost by sealing too early;
 * - where answers come later than that, as with a broker far away, none is waited for;
 * - where very much is let out, commits are so far apart that a commit, which costs the same whatever it has, is a small part of the work.
 * What comes while nothing is awaited is sealed at once: a message that is alone waits for no timer. Only where there is more to do at once,
 * a commit that had very much state keeps the next one away for a while: what comes meanwhile changes many of the same keys, and each of them
 * is written once.
 *
 * Pure. `observe` comes at each look at what is awaited, `waits` before a commit that could be sealed, `sealed` and `durable` with each.
 */
export class CommitTiming {
  #awaited = 0;
  #sealedAt = Number.NEGATIVE_INFINITY;
  /** Until then the answers to the last commit are waited for. */
  #answersUntil = Number.NEGATIVE_INFINITY;
  /** Until then a commit would be too near to the last one. */
  #apartUntil = Number.NEGATIVE_INFINITY;
  /** Until then changes of state are gathered, where there are more at once. */
  #gatherUntil = Number.NEGATIVE_INFINITY;
  /** The answers to the last commit are not all there, and not late. */
  #inTime = false;
  #doubts = 0;
  #waiting = false;

  /** So many answers are to come. */
  observe(now: number, awaited: number): void {
    this.#awaited = awaited;
    // what it waited with may be wanted no more, as the mark of a connection that has ended: then nobody asks whether it still waits
    this.#waiting &&= awaited > 0 && now < this.#until;
    if (!this.#inTime) return;
    const isLate = now > this.#answersUntil;
    if (awaited > 0 && !isLate) return;
    this.#inTime = false;
    this.#doubts = isLate ? Math.min(MOST_DOUBTS, this.#doubts + 1) : Math.max(0, this.#doubts - 1);
  }

  /** Whether the next commit, which has something to store, is to wait. */
  waits(now: number): boolean {
    this.#waiting = this.#awaited > 0 && now < this.#until;
    return this.#waiting;
  }

  /** Whether the last question whether it is to wait was answered so, and no commit was sealed since. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** Whether it is to wait for more changes of state. Asked while there is more to do at once. */
  gathers(now: number): boolean {
    return this.#awaited === 0 && now < this.#gatherUntil;
  }

  /** A commit is under way. @param stateBytes of state that has changed, roughly */
  sealed(now: number, stateBytes = 0): void {
    this.#sealedAt = now;
    this.#gatherUntil = now + Math.min(MOST_GATHER_MS, stateBytes * STATE_BYTE_MS);
    this.#waiting = false;
  }

  /** It is durable, and has let out what so many answers are to come for. */
  durable(now: number, awaited: number): void {
    const took = now - this.#sealedAt;
    this.#awaited = awaited;
    this.#answersUntil = now + Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, took));
    this.#apartUntil = this.#sealedAt + Math.min(MOST_APART_MS, awaited * ANSWER_MS);
    this.#inTime = awaited > 0;
  }

  /** When a commit that waits is sealed in any case; Infinity while none waits. */
  deadline(): number {
    return this.#waiting ? this.#until : Number.POSITIVE_INFINITY;
  }

  get #until(): number {
    return this.#doubts < DOUBTED ? Math.max(this.#answersUntil, this.#apartUntil) : this.#apartUntil;
  }
}
