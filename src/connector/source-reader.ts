import type { MillraceError } from '../errors/millrace-error.js';
import type { DeadLetter } from './dead-letter.js';

/** An input that could not be made into an item. It has a position of its own. */
export interface RejectedInput {
  /** Between `first` and `last` of its poll. */
  readonly position: number;
  /** Goes where `onError` says. */
  readonly letter: DeadLetter;
}

/**
 * What `poll` gives. Items stand at ascending positions from `first` to `last`; a position without an item was rejected or needs nothing.
 */
export interface Polled<T> {
  /** In the order of their positions. */
  readonly items: readonly T[];
  /** Milliseconds by the wall clock at which the items arrived; one value for the batch. */
  readonly timestampMs: number;
  /** The first position that this poll consumed, one above the last that an earlier one did; `last < first` when nothing arrived. */
  readonly first: number;
  /** The highest position that this poll consumed. */
  readonly last: number;
  /** What the items and the rejected inputs take, in bytes, for the engine's byte bound. */
  readonly bytes: number;
  /** At ascending positions. */
  readonly rejected: readonly RejectedInput[];
  /** What tells copies of each item, for sources with `deduplication`; undefined for an item that is to be taken whatever came before. */
  readonly keys?: readonly (string | undefined)[];
  /** True when the source has ended: nothing will ever arrive again. */
  readonly done: boolean;
}

/**
 * What belongs into a commit that covers inputs up to a position. `state` and `pages` are opaque to the engine; sources that keep none give
 * undefined.
 */
export interface SourceSnapshot {
  /** An integer of the source's choice that never falls. */
  readonly mark: number;
  /** Given back as it is at the next start; undefined for none. */
  readonly state: unknown;
  /**
   * What is too large to be stored as a whole with each commit: those pages, by name, that changed since the last snapshot. The others
   * stay as they were stored, and none is ever removed. A job with a store stores every snapshot that it takes, in their order, or ends
   * the reader. It keeps the bytes: they must not be changed afterwards.
   */
  readonly pages?: ReadonlyMap<string, Uint8Array>;
}

/**
 * A source as the engine drives it. What of the rules can be checked for each batch is checked: a breach is CONTRACT_BROKEN, and fails
 * the job. The rules:
 * 1. `poll` never waits and never gives more than `max` items. It throws once the source has failed.
 * 2. `ready` resolves when there is something to poll or to commit, or when the source is done; it rejects when the source
 *    has failed. A promise is asked for again only after the last one has settled.
 * 3. `snapshot(upTo)` covers every input at a position up to `upTo` and all else taken so far; `committed(mark)` says that
 *    this snapshot is durable (or that no durability was asked for): only then is anything acknowledged.
 * 4. `upTo` never falls. Positions above the last committed one may be delivered again after a restart; they may start anew each time
 *    that the source is opened.
 * 5. `close` keeps what the broker keeps for us and may be called at any time, twice too.
 * 6. `failed`, where there is one, resolves with the error once the source has failed, also while back-pressure keeps it from
 *    being polled. Without it such a failure is noticed at the next poll.
 * 7. `whenDirty`, where there is one, resolves when `dirty` has become true, also while back-pressure keeps the source from being
 *    polled: what the broker answered is always taken. Asked for again only while `dirty` is false, or `awaited` above 0.
 * 8. `awaited`, where there is one, counts the answers that are to come for what commits have let out, and that will make `dirty` true (an
 *    MQTT source: PUBRELs). An engine may hold its next commit back for them, about as long as a commit takes. A `whenDirty` that was
 *    asked for while `dirty` was true resolves when none is to come any more: an engine need not be woken for each.
 * 9. `atEnd`, where there is one, is true while all is committed that is known to come, and something may come all the same: a job of
 *    such sources, and of others that are done, is at its end and stays open.
 */
export interface SourceReader<T> {
  /** Resolves, and never rejects, once the source has failed. */
  readonly failed?: Promise<MillraceError>;
  /** Whether there is something to commit besides a position (an MQTT source: a PUBREL, whose id must be forgotten durably, R3). */
  readonly dirty?: boolean;
  /** Answers to what commits have let out that are to come. Absent is 0. */
  readonly awaited?: number;
  /** Whether nothing is known to come any more. Absent is false. */
  readonly atEnd?: boolean;
  /** Resolves when `dirty` has become true; where it is, when it is and `awaited` is 0. */
  whenDirty?(): Promise<void>;
  /** Takes what has arrived. */
  poll(max: number): Polled<T>;
  /** Wakes the engine: a poll would find something, or there is something to commit. */
  ready(): Promise<void>;
  /** What belongs into a commit that covers the inputs up to there. */
  snapshot(upTo: number): SourceSnapshot;
  /** The snapshot with this mark is durable, or nothing is to be: now the broker is answered. */
  committed(mark: number): void;
  /** Ends it; what was not committed comes again. */
  close(): Promise<void>;
}
