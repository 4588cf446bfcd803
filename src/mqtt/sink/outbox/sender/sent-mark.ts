import { PUBLISH_IDS } from '../../../protocol/session/outbound/outbound-window.js';

/** Below the 60000 ids one is kept free: a refused row that others have passed must find room for its second try (R20). */
const MOST_AHEAD = PUBLISH_IDS - 1;

/** What a sent mark is set by. */
export interface MarkBounds {
  /** The lowest row that is incomplete. */
  readonly low: number;
  /** One above the last row that is stored or is being stored. */
  readonly end: number;
  /** Offline the mark stays, so that what waits may still expire (R23). */
  readonly online: boolean;
  /** Rows in the window that no commit has to let go: what else is in it leaves with the next commit, which moves the mark, too. */
  readonly unanswered: number;
}

/**
 * Up to which row an outbox may have been sent in this epoch: as a commit has it, and as the last snapshot would (V1). It runs ahead of
 * the rows by one window at most, so that no row in it waits for a commit, and few are in doubt after a crash.
 */
export class SentMark {
  /** One above the highest row that was published or is in the session from birth. */
  #top: number;
  #durable: number;
  /** That of the last snapshot of this epoch. */
  #sealed: number;
  #window = 1;

  constructor({ mark, next }: { readonly mark: number; readonly next: number }) {
    this.#top = next;
    this.#durable = mark;
    this.#sealed = mark;
  }

  /** Rows below may be sent. */
  get durable(): number {
    return this.#durable;
  }

  /** How many messages may be in flight on this connection. */
  open(window: number): void {
    this.#window = window;
  }

  /** The row is published, or is done without: the next snapshot takes the mark past it. */
  pass(seq: number): void {
    if (seq >= this.#top) this.#top = seq + 1;
  }

  /** Of a snapshot. */
  seal(bounds: MarkBounds): number {
    this.#sealed = this.#wanted(bounds);
    return this.#sealed;
  }

  /** A snapshot of this epoch is durable. */
  commit(mark: number): void {
    this.#durable = Math.max(this.#durable, mark);
  }

  /** Another epoch: nothing has been sent in it (V4). */
  forget(low: number): void {
    this.#durable = low;
    this.#sealed = low;
  }

  /** Soon no stored row may be published any more, unless a commit moves the mark. */
  isShort(bounds: MarkBounds): boolean {
    const ahead = this.#sealed - this.#top;
    if (bounds.end <= this.#sealed || ahead > this.#window / 2) return false;
    if (ahead >= Math.max(0, this.#window - bounds.unanswered)) return false;
    return this.#wanted(bounds) > this.#sealed;
  }

  #wanted({ low, end, online }: MarkBounds): number {
    // what waits for a connection has not begun, and may expire in another process, too (R23)
    if (!online) return Math.max(this.#sealed, this.#top);
    const ahead = Math.min(end, this.#top + this.#window, low + MOST_AHEAD);
    return Math.max(this.#sealed, this.#top, ahead);
  }
}
