import type { CommitUrgency, OutboxRow, OutboxSnapshot } from '../../../../connector/durable-sink.js';
import type { RetryStrategy } from '../../../../connector/retry/retry-strategy.js';
import type { MillraceError } from '../../../../errors/millrace-error.js';
import { Row } from '../../message/row.js';
import type { QueueLimits } from '../../options/queue-limits.js';
import { ClientQueue } from '../../queue/client-queue.js';
import type { Publisher } from '../../queue/publisher.js';
import type { QueueCustody } from '../../queue/queue-custody.js';
import type { DropReason, Finding, QueueOutcome } from '../../queue/queue-outcome.js';
import { OutboxProgress, type ProgressSession } from './outbox-progress.js';
import type { OutboxBirth } from './restore-outbox.js';
import type { RowCodec } from './row-codec.js';
import type { SenderOwner } from './sender-owner.js';
import type { MarkBounds } from './sent-mark.js';

/** What a sender needs of its session, beside what its queue does. */
export interface OutboxPublisher extends Publisher, ProgressSession {
  /** Acknowledgements that the broker owes on this connection. */
  readonly owed: number;
  /** Packet ids, less one, that must not be used again in this session, in the order in which they were burnt (R20a). */
  readonly burnt: readonly number[];
}

/** What a sender is made of. */
export interface MqttOutboxSenderParts {
  /** Its client id. */
  readonly name: string;
  /** What the store had of it. */
  readonly birth: OutboxBirth;
  /** The same that the writer encodes by. */
  readonly codec: RowCodec;
  /** Asked each time: the session is made after the sender. */
  readonly publisher: () => OutboxPublisher;
  /** Of the queue: `offer` takes no more than fits. */
  readonly limits: QueueLimits;
  /** Of rows that the broker refuses for now (R20). */
  readonly retry: RetryStrategy;
  readonly owner: SenderOwner;
}

/** What a connection says about how far the sent mark may run ahead. */
export interface SendWindow {
  /** Of the session (R5). */
  readonly epoch: number;
  /** Messages that may be in flight. */
  readonly window: number;
}

/**
 * The rows of one client between its store and its session, without socket, timer and clock: the rules of an `OutboxSender` over a queue
 * of its own, whose custody it is. What is known of them, and what of that is durable, is for its `OutboxProgress` to keep (V1 to V5). A
 * row is done at PUBCOMP, PUBACK, its refusal for good, or, at QoS 0, when it is written.
 *
 * Order of calls: `begin` once the session is made, before it is connected. For each connection `handleConnected`, then that of the queue;
 * from there on the `SinkClient` drives the queue alone (`handleEvents`, `pump`, …). The engine calls `offer`, `snapshot` and `committed`
 * at any time between these, from before the first connection on: several snapshots may be taken before the first is committed. What they
 * change is asked for by `takeNews`: nobody is called. The queue calls back in the middle of its own calls, and the owner is called from
 * there. It may call `stop` and `failOnceSettled`, and nothing else. After either nothing is published, and after a failure `offer` throws;
 * snapshots are taken to the end, so that what the broker answers becomes durable.
 */
export class MqttOutboxSender implements QueueOutcome, QueueCustody {
  readonly name: string;
  /** Driven by the `SinkClient`; what becomes of its rows is told here, and what may go out is asked here. */
  readonly queue: ClientQueue;
  /** At QoS 0, too, a row is done only when it is written (V3). */
  readonly keepsUnwritten = true;
  readonly #parts: MqttOutboxSenderParts;
  readonly #progress: OutboxProgress;
  /** The row that is to be offered next. */
  #next: number;
  /** One above the last row that is stored, as far as this has heard. */
  #end: number;
  #failure: MillraceError | undefined;
  /** Fails the sink once what is in flight is settled and durable. */
  #last: MillraceError | undefined;
  /** The last `offer` took less than it was given. */
  #owesRoom = false;
  /** What `takeNews` has said since the last snapshot. */
  #told: CommitUrgency = 'none';
  /** It has said that no answer is to come. */
  #toldAnswered = false;

  constructor(parts: MqttOutboxSenderParts) {
    const { birth, name, publisher, limits, retry } = parts;
    this.name = name;
    this.#parts = parts;
    this.#progress = new OutboxProgress(birth);
    this.#next = birth.next;
    this.#end = birth.end;
    this.queue = new ClientQueue({ publisher, limits, retry, outcome: this, custody: this });
    this.queue.adopt(birth.sent);
    for (const row of birth.unwritten) this.queue.enqueue(row);
  }

  get next(): number {
    return this.#next;
  }

  get mark(): number {
    return this.#progress.mark.durable;
  }

  /** Rows that are stored and not done. */
  get undone(): number {
    return this.#end - this.#progress.stages.low;
  }

  /** PUBRECs that wait for a commit. */
  get unreleased(): number {
    return this.#progress.unreleased;
  }

  get urgency(): CommitUrgency {
    const { dirty, owesRelease, mark } = this.#progress;
    // a PUBREL waits for the one, rows for the other (V2, V1): both keep the window from moving
    if (owesRelease || mark.isShort(this.#bounds)) return 'now';
    // the failure waits until what is settled is durable
    if (this.#last !== undefined && dirty) return 'now';
    return dirty ? 'soon' : 'none';
  }

  /** Acknowledgements that the broker owes and that lead to a PUBREL: by a PUBCOMP only where a row waits for the room that it makes. */
  get awaited(): number {
    const { owed } = this.#parts.publisher();
    if (this.queue.buffered > 0) return owed;
    return Math.max(0, owed - (this.#progress.stages.received - this.#progress.unreleased));
  }

  /** The session is born: the ids in use are counted from the durable low-water mark on. */
  begin(now: number): void {
    this.#parts.publisher().setDurableLow(this.#progress.stages.low);
    this.queue.begin(now);
  }

  /** CONNACK came. Under another epoch than the last one the session was lost, and its loss is settled (R5). */
  handleConnected({ epoch, window }: SendWindow): void {
    this.#progress.mark.open(window);
    this.#failWhenSettled();
    this.#progress.enter(epoch);
  }

  /** Takes durable rows as far as there is room; what the window takes at once makes room. @throws what it has failed with */
  offer(rows: readonly OutboxRow[], now: number, wallMs: number): number {
    if (this.#failure !== undefined) throw this.#failure;
    let taken = 0;
    for (const row of rows) {
      if (this.queue.full) this.queue.pump(now, wallMs);
      if (this.queue.full) break;
      this.queue.enqueue(this.#rowOf(row));
      this.#next = row.seq + 1;
      taken += 1;
    }
    this.#end = Math.max(this.#end, this.#next);
    this.#owesRoom = taken < rows.length;
    return taken;
  }

  /** What belongs into the next commit. `end`: one above the last row that is stored with it. */
  snapshot(end: number): OutboxSnapshot {
    this.#end = Math.max(this.#end, end);
    this.#told = 'none';
    return this.#progress.seal(this.#bounds, this.#parts.publisher().burnt);
  }

  /** The snapshot with this number and all before it are durable: what they let out may go out. */
  committed(mark: number): void {
    this.#progress.commit(mark, this.#parts.publisher());
    this.#failWhenSettled();
  }

  /**
   * Nothing is sent any more, also not again; what the broker still answers is taken and becomes durable, and then the sink fails. So
   * no row that the broker has is sent again by the next process.
   */
  failOnceSettled(error: MillraceError, now: number): void {
    if (this.#last !== undefined) return;
    this.#last = error;
    this.queue.silence(now);
  }

  /**
   * Whether there is room that `offer` was short of, a more urgent wish to commit, or one that has no more answers to wait for; each is
   * told once.
   */
  takeNews(): boolean {
    const { urgency } = this;
    const isAnswered = urgency === 'now' && this.awaited === 0;
    const isNews = URGENCIES[urgency] > URGENCIES[this.#told] || (isAnswered && !this.#toldAnswered);
    // also when it falls, as it does with a connection: what rises again after that is news
    this.#told = urgency;
    this.#toldAnswered = isAnswered;
    const isRoom = this.#owesRoom && !this.queue.full;
    if (isRoom) this.#owesRoom = false;
    return isNews || isRoom;
  }

  /** A row of an outbox keeps the number that the store has it under (R8). */
  seqOf(row: Row): number {
    return row.index;
  }

  received(_seq: number, row: Row | undefined): void {
    if (row !== undefined) this.#progress.receive(row.index);
  }

  unverified(row: Row): void {
    this.#parts.owner.unverified(row);
  }

  delivered(row: Row): void {
    this.#parts.owner.meter.delivered(row);
    this.#progress.complete(row.index);
  }

  rejected(row: Row, error: MillraceError): void {
    const letter = this.#parts.owner.refused(row, error);
    // with `fail` there is none, and the row stays in the store for the next run
    if (letter === undefined) return;
    this.#progress.refuse({ seq: row.index, letter });
  }

  dropped(row: Row, reason: DropReason): void {
    this.#parts.owner.meter.dropped(row, reason);
    this.#progress.complete(row.index);
  }

  downgraded(row: Row): void {
    this.#parts.owner.downgraded(row);
  }

  retried(row: Row): void {
    this.#parts.owner.meter.retried(row);
    // it may be the last answer that is owed: a commit finds that out
    if (this.#last !== undefined) this.#progress.askForCommit();
  }

  published(row: Row): void {
    this.#progress.mark.pass(row.index);
    this.#parts.owner.meter.published(row);
  }

  failed(error: MillraceError): void {
    this.#failure ??= error;
    this.#parts.owner.failed(error);
  }

  /** Nothing is sent any more, and `offer` throws. */
  stop(error: MillraceError): void {
    this.#failure ??= error;
    this.queue.stop();
  }

  suspected(row: Row, finding: Finding): void {
    this.#parts.owner.meter.suspected(row, finding);
  }

  idsSpent(topic: string, packetId: number): void {
    this.#parts.owner.meter.idsSpent(topic, packetId);
  }

  stripped(row: Row): void {
    this.#parts.owner.meter.stripped(row);
  }

  #rowOf({ seq, bytes, held }: OutboxRow): Row {
    if (!(held instanceof Row)) return new Row(seq, this.#parts.codec.decode(bytes));
    held.index = seq;
    return held;
  }

  /** What the broker does not owe an answer for, since its connection has ended or it is sent no more, is in doubt and stays so. */
  #failWhenSettled(): void {
    if (this.#last === undefined || !this.#progress.settled) return;
    if (this.#parts.publisher().owed === 0 || !this.queue.online) this.failed(this.#last);
  }

  get #bounds(): MarkBounds {
    const { online, inflight } = this.queue;
    const { low, received } = this.#progress.stages;
    return { low, end: this.#end, online, unanswered: inflight - received };
  }
}

const URGENCIES: Readonly<Record<CommitUrgency, number>> = { none: 0, soon: 1, now: 2 };
