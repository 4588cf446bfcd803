import type { DeadLetter } from './dead-letter.js';
import type { RejectedItem } from './sink-writer.js';

/** A message in an outbox. `seq` counts in its outbox from 0, without gaps. The bytes are the sink's own coding. */
export interface OutboxRow {
  /** Its place in its outbox; it is the same at each reading. */
  readonly seq: number;
  /** As `prepare` made them. */
  readonly bytes: Uint8Array;
  /** That of `prepare`, as long as the row has not left memory since; absent behind a restart, and in a backlog. */
  readonly held?: unknown;
}

/** What `prepare` made of an item. `outbox` is an index into `DurableSinkWriter.outboxes`. */
export interface PreparedRow {
  /** Which outbox it goes to. */
  readonly outbox: number;
  /** Stored as they are: they must not be changed afterwards. */
  readonly bytes: Uint8Array;
  /**
   * Given back with the row as it is, so that its sender need not read the bytes again; small, since nobody counts it. Absent: nothing. A
   * sender that gets none, as behind a restart, goes by the bytes, which must say the same.
   */
  readonly held?: unknown;
}

/** What `prepare` made of its items. */
export interface Prepared {
  /** In the order of the items; an item gives one row, or is rejected. */
  readonly rows: readonly PreparedRow[];
  /** `index` counts from the first item of this call, ascending. */
  readonly rejected: readonly RejectedItem[];
}

/** A row that the destination refused for good. It is complete, and its letter belongs into the commit that says so (R9a). */
export interface RefusedRow {
  /** Of the row, which was taken and was not complete. */
  readonly seq: number;
  /** Goes where the sink says, in the same commit. */
  readonly letter: DeadLetter;
}

/** What belongs into a commit. `state` is opaque to the engine (what structured clone takes). */
export interface OutboxSnapshot {
  /** An integer of the sender's choice that never falls. */
  readonly mark: number;
  /** Given back as it is at the next start; undefined for none. */
  readonly state: unknown;
  /** Every row below was taken and is complete: once this is durable its bytes may go. Never falls. */
  readonly low: number;
  /** Refused since the last snapshot. */
  readonly refused: readonly RefusedRow[];
}

/**
 * How badly a sender wants a commit: `none`; `soon`: completions, which may wait up to a second for another reason to commit (R9a);
 * `now`: something waits for it (a PUBREC that must be durable before its PUBREL, R9; the sent mark, R8a).
 */
export type CommitUrgency = 'none' | 'soon' | 'now';

/**
 * Sends the rows of one outbox. What of the rules can be checked for each batch is checked: a breach is CONTRACT_BROKEN, and fails the
 * job before its commit. The rules:
 * 1. `offer` is given durable rows from `next` on, in order, and takes as many as it has room for, from the front; it never waits.
 *    It throws once the sender has failed. A row is sent only when it also stands under a durable sent mark (R8a).
 * 2. `snapshot(end)` is taken for each commit; `end` is one above the last row that is stored or is being stored by this commit. So the
 *    sent mark can go into the row's own commit. `committed(mark)` says that it is durable: only then does anything go out that it let
 *    out. Several snapshots may be taken before the first is committed; they are committed in order.
 * 3. Order: rows of one topic leave in the order of their seq.
 * 4. `awaited`, where there is one, counts the answers that are to come for what was let out. An engine may hold its next commit back for
 *    them, about as long as a commit takes; `ready` of the writer resolves when none is to come any more.
 */
export interface OutboxSender {
  /** The outbox's name in the store: it must stay the same from run to run (a client of an MQTT sink: its client id). */
  readonly name: string;
  /** The seq of the row that it wants next: the one behind those that it took. */
  readonly next: number;
  /** Asked at each tick. */
  readonly urgency: CommitUrgency;
  /** Answers to what was let out that are to come. Absent is 0. */
  readonly awaited?: number;
  /** Gives how many rows it has taken, from the front. */
  offer(rows: readonly OutboxRow[]): number;
  /** What of it belongs into the commit that is being made. */
  snapshot(end: number): OutboxSnapshot;
  /** The snapshot with this mark is durable. */
  committed(mark: number): void;
}

/**
 * A sink as the engine drives it in a job with a store. The rules:
 * 1. `prepare` makes rows and sends nothing; the engine stores them in the commit of the inputs they come from (R7).
 * 2. Every tick ends with `flush`: what was let out goes out.
 * 3. `ready` resolves when a sender has room again, or something to commit; it rejects when the sink has failed. A promise is asked for
 *    again only after the last one has settled.
 * 4. `close` may be called at any time, twice too; what is not complete stays in the outbox.
 * 5. `opened`, where there is one, resolves when rows can be delivered and rejects when they never will be: then the writer is given
 *    before its destination is reached, takes all calls, and delivers nothing yet. Without it the writer is open when it is given.
 * 6. `end`, where there is one, is asked for rows that stand behind all others, again and again while all that leads to the sink has ended.
 *    It gives them once, and the states of their outboxes say so from the next snapshot on, which is in their commit.
 */
export interface DurableSinkWriter<in T> {
  /** Resolves when rows can be delivered; absent where that is so from the start. */
  readonly opened?: Promise<void>;
  /** Its senders, the same as long as it is open. */
  readonly outboxes: readonly OutboxSender[];
  /** Makes rows of items; called in the tick that made them. */
  prepare(items: readonly T[]): Prepared;
  /** Rows that say that nothing will come any more. Absent: none. */
  end?(): readonly PreparedRow[];
  /** Lets out what may go. */
  flush(): void;
  /** Wakes the engine: there is room, or something to commit. */
  ready(): Promise<void>;
  /** Ends it; rows that are not complete are for the next start. */
  close(): Promise<void>;
}

/** What the store has of one outbox when the sink is opened. */
export interface RestoredOutbox {
  /** That of the last committed snapshot; undefined when there was none. */
  readonly state: unknown;
  /** That of the last committed snapshot, else 0. */
  readonly low: number;
  /** One above the last stored row. */
  readonly end: number;
  /** Stored rows from `from` up to `to` (exclusive), in order, read as they are asked for. */
  rows(from: number, to: number): Iterable<OutboxRow>;
}

/** Gives what the store has of the outbox of that name. */
export type RestoreOutbox = (name: string) => RestoredOutbox;
