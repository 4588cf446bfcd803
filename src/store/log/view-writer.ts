import { type Deferred, deferred } from '../../internal/deferred.js';
import type { StoreChange } from '../store.js';
import type { LocalView } from './local-view.js';
import { PendingChanges } from './pending-changes.js';
import type { LogPoint } from './record/log-point.js';

/** Above this commits wait for the view. */
const MOST_PENDING_BYTES = 32 * 1024 * 1024;
/** And above so many changes: each takes some 200 bytes besides its key and its value. Twice what is written at once, mostly. */
const MOST_PENDING = 200_000;
/**
 * The log grows by so much before the view is written, if nothing else is said: a transaction of the view costs the same for a thousand
 * commits as for one, and rows that come and go meanwhile never get there. An opening after a crash reads as much more of the log.
 */
export const DEFAULT_BEHIND_BYTES = 1024 * 1024;
/**
 * The log grows by so many times as much where there are more changes than that: they stand all over a large view, and a page of it has the more of
 * them the later it is written.
 */
const MORE_BEHIND = 8;
const MANY_CHANGES = 4_000;

/** So long after a change at most, where the log grows slowly: what a view has tells a log that lost its end (`replay`). */
const BEHIND_MS = 1000;

/**
 * Writes a view behind the log: what the log has waits until it has grown by so much, and is applied at once, the last change of each key.
 */
export class ViewWriter {
  readonly pending = new PendingChanges();
  readonly #view: LocalView;
  readonly #behindBytes: number;
  /** Up to where the log has what is pending. */
  #head: LogPoint;
  /** Up to where the log had what was taken last. */
  #taken: LogPoint;
  /** Undefined while nothing is to be written. Never rejects. */
  #running: Promise<void> | undefined;
  /** The transaction that is under way, or begins next. Never rejects. */
  #applying: Promise<void> | undefined;
  /** While something is pending. */
  #timer: NodeJS.Timeout | undefined;
  #room: Deferred<void> | undefined;
  /** In a record, since anything can be thrown. */
  #failure: { readonly error: unknown } | undefined;

  /** @param behindBytes of the log, by which the view may be behind before it is written */
  constructor(view: LocalView, behindBytes: number) {
    this.#view = view;
    this.#behindBytes = behindBytes;
    this.#head = view.applied;
    this.#taken = view.applied;
  }

  /** The log has this. */
  add(changes: Iterable<StoreChange>, point: LogPoint): void {
    // seen in any case, as all that the log has
    this.pending.add(changes);
    this.#head = point;
    this.#write(this.#enough);
    this.#arm();
  }

  /** Undefined where there is room for more, else resolves when there is. @throws what the view failed with: it gets nothing more then */
  room(): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#isFull ? this.#waitForRoom() : undefined;
  }

  async #waitForRoom(): Promise<void> {
    while (this.#failure === undefined && this.#isFull) {
      this.#room ??= deferred<void>();
      await this.#room.promise;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** The view gets all that the log has by now, however much comes meanwhile. Never rejects: what it failed with, `room` says. */
  async catchUp(): Promise<void> {
    const { seq } = this.#head;
    while (this.#failure === undefined && this.#view.applied.seq < seq) {
      this.#write(0);
      await this.#applying;
    }
  }

  /** Resolves when nothing is under way. Never rejects. */
  async idle(): Promise<void> {
    await this.#running;
  }

  get #isFull(): boolean {
    return this.pending.bytes >= MOST_PENDING_BYTES || this.pending.count >= MOST_PENDING;
  }

  get #enough(): number {
    if (this.#isFull) return 0;
    return this.#behindBytes * (this.pending.size > MANY_CHANGES ? MORE_BEHIND : 1);
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write(0);
    }, BEHIND_MS).unref();
  }

  #write(behindBytes: number): void {
    if (this.#isDue(behindBytes)) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    do {
      this.#applying = this.#applyAll();
      await this.#applying;
    } while (this.#isDue(this.#enough));
    this.#running = undefined;
    // the timer may have fired meanwhile
    if (this.#head.seq > this.#taken.seq) this.#arm();
  }

  #isDue(behindBytes: number): boolean {
    const behind = this.#head.bytes - this.#taken.bytes;
    return this.#failure === undefined && behind > 0 && behind >= behindBytes;
  }

  async #applyAll(): Promise<void> {
    // records of the same turn share a transaction
    await Promise.resolve();
    this.#taken = this.#head;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await this.#view.apply(this.pending.take(), this.#taken);
      this.pending.applied();
    } catch (error) {
      this.#failure = { error };
    }
    this.#room?.resolve();
    this.#room = undefined;
  }
}
