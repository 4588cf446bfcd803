import type { DeadLetter } from '../../../../connector/dead-letter.js';
import type {
  CommitUrgency,
  OutboxRow,
  OutboxSender,
  OutboxSnapshot,
  RefusedRow,
} from '../../../../connector/durable-sink.js';
import type { MillraceError } from '../../../../errors/millrace-error.js';
import { Fifo } from '../../../../internal/fifo.js';
import { PUBLISH_IDS } from '../../../protocol/session/outbound/outbound-window.js';
import { Row } from '../../message/row.js';
import type { QueueLimits } from '../../options/queue-limits.js';
import { ClientQueue, type QueueOutbox } from '../../queue/client-queue.js';
import type { DropReason, Finding, QueueOutcome } from '../../queue/queue-outcome.js';
import type { RetryStrategy } from '../../retry/retry-strategy.js';
import type { OutboxPublisher } from './outbox-publisher.js';
import { storedOutboxState } from './outbox-state.js';
import type { OutboxBirth } from './restore-outbox.js';
import type { RowCodec } from './row-codec.js';
import type { SeqStages } from './seq-stages.js';

/** Below the 60000 ids one is kept free: a refused row that others have passed must find room for its second try (R20). */
const MOST_AHEAD = PUBLISH_IDS - 1;

/** Whom an outbox tells. */
export interface OutboxOwner {
  readonly meter: Pick<QueueOutcome, 'delivered' | 'dropped' | 'retried' | 'published' | 'suspected' | 'stripped'>;
  /** Makes the letter of a row that is refused for good, or gives undefined when that fails the sink. */
  refused(row: Row, error: MillraceError): DeadLetter | undefined;
  /** The broker took a QoS 2 row at QoS 1, and has no other. */
  downgraded(row: Row): void;
  /** It counts as delivered, but may be lost with a session that nobody could prove to be ours (R10). */
  unverified(row: Row): void;
  failed(error: MillraceError): void;
}

/** What an outbox is made of. */
export interface OutboxParts {
  /** Its client id. */
  readonly name: string;
  readonly birth: OutboxBirth;
  readonly codec: RowCodec;
  readonly publisher: () => OutboxPublisher;
  readonly limits: QueueLimits;
  readonly retry: RetryStrategy;
  readonly owner: OutboxOwner;
}

/** What a connection says about how far the sent mark may run ahead. */
export interface SendWindow {
  readonly epoch: number;
  /** Messages that may be in flight. */
  readonly window: number;
}

/** A snapshot that is not durable yet. */
interface Sealed {
  readonly number: number;
  readonly epoch: number;
  readonly low: number;
  readonly mark: number;
  /** Rows whose PUBREC it is the first to say. */
  readonly received: readonly number[];
}

/**
 * The rows of one client between its store and its session, without socket, timer and clock. The invariants:
 * O1. A row is published only below a sent mark that is durable in this epoch (R7, R8a). The mark is at most one window above the
 *     highest row published, and less than 60000 above the lowest row that is incomplete in the same commit (R11).
 * O2. PUBREL goes out only when the PUBREC is durable in this epoch (R9).
 * O3. A row is done at PUBCOMP, PUBACK, its refusal for good, or, at QoS 0, when it is written; the store has it until that is
 *     durable (R10). A refusal and its letter are in one snapshot (R9a).
 *     So are, from the refusal of a row that the broker has not answered on, the packet ids that are burnt (R20a).
 * O4. What is said in one epoch means nothing in the next but what is done (R5): marks fall to the low-water mark, PUBRECs are forgotten.
 */
export class MqttOutboxSender implements OutboxSender, QueueOutcome, QueueOutbox {
  readonly name: string;
  readonly queue: ClientQueue;
  readonly #parts: OutboxParts;
  readonly #stages: SeqStages;
  readonly #sealed = new Fifo<Sealed>();
  #next: number;
  #end: number;
  /** One above the highest row that was published or is in the session from birth. */
  #top: number;
  /** Durable. */
  #mark: number;
  /** That of the last snapshot of this epoch. */
  #sealedMark: number;
  #epoch: number;
  #window = 1;
  #snapshots = 0;
  /** PUBRECs that no snapshot has. */
  #received: number[] = [];
  #unreleased = 0;
  #refused: RefusedRow[] = [];
  /** Something changed that no snapshot has. */
  #dirty: boolean;
  #failure: MillraceError | undefined;
  /** Fails the sink once what is in flight is settled and durable. */
  #last: MillraceError | undefined;
  #owesRoom = false;
  #told: CommitUrgency = 'none';

  constructor(parts: OutboxParts) {
    const { birth, name, publisher, limits, retry } = parts;
    this.name = name;
    this.#parts = parts;
    this.#stages = birth.stages;
    this.#next = birth.next;
    this.#end = birth.end;
    this.#top = birth.next;
    this.#mark = birth.mark;
    this.#sealedMark = birth.mark;
    this.#epoch = birth.session.epoch;
    this.#dirty = birth.dropped > 0;
    this.queue = new ClientQueue({ publisher, limits, retry, outcome: this, outbox: this });
    this.queue.adopt(birth.sent);
    for (const row of birth.unwritten) this.queue.enqueue(row);
  }

  get next(): number {
    return this.#next;
  }

  get mark(): number {
    return this.#mark;
  }

  /** Rows that are stored and not done. */
  get undone(): number {
    return this.#end - this.#stages.low;
  }

  /** PUBRECs that wait for a commit. */
  get unreleased(): number {
    return this.#unreleased;
  }

  get urgency(): CommitUrgency {
    if (this.#received.length > 0 || this.#wantsMark) return 'now';
    if (this.#last !== undefined && this.#dirty) return 'now';
    return this.#dirty ? 'soon' : 'none';
  }

  /** The session is born: the ids in use are counted from the durable low-water mark on. */
  begin(): void {
    this.#parts.publisher().setDurableLow(this.#stages.low);
    this.queue.begin(performance.now());
  }

  /** CONNACK came. Under another epoch than the last one the session was lost, and its loss is settled (R5). */
  handleConnected({ epoch, window }: SendWindow): void {
    this.#window = window;
    this.#failWhenSettled();
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#mark = this.#stages.low;
    this.#sealedMark = this.#stages.low;
    this.#received = [];
    this.#unreleased = 0;
    this.#stages.forgetReceived();
    this.#dirty = true;
  }

  offer(rows: readonly OutboxRow[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    let taken = 0;
    for (const { seq, bytes } of rows) {
      if (this.queue.full) this.queue.pump(performance.now(), Date.now());
      if (this.queue.full) break;
      this.queue.enqueue(new Row(seq, this.#parts.codec.decode(bytes)));
      this.#next = seq + 1;
      taken += 1;
    }
    this.#end = Math.max(this.#end, this.#next);
    this.#owesRoom = taken < rows.length;
    return taken;
  }

  snapshot(end: number): OutboxSnapshot {
    this.#end = Math.max(this.#end, end);
    this.#sealedMark = this.#wantedMark;
    const { low } = this.#stages;
    const number = this.#snapshots;
    this.#snapshots += 1;
    this.#sealed.push({ number, epoch: this.#epoch, low, mark: this.#sealedMark, received: this.#received });
    const refused = this.#refused;
    this.#received = [];
    this.#refused = [];
    this.#dirty = false;
    this.#told = 'none';
    const state = storedOutboxState({
      epoch: this.#epoch,
      low,
      mark: this.#sealedMark,
      received: this.#stages.runs('received'),
      done: this.#stages.runs('done'),
      burnt: Uint16Array.from(this.#parts.publisher().burnt),
    });
    return { mark: number, state, low, refused };
  }

  committed(mark: number): void {
    const publisher = this.#parts.publisher();
    for (
      let sealed = this.#sealed.peek();
      sealed !== undefined && sealed.number <= mark;
      sealed = this.#sealed.peek()
    ) {
      this.#sealed.shift();
      publisher.setDurableLow(sealed.low);
      if (sealed.epoch !== this.#epoch) continue;
      this.#mark = Math.max(this.#mark, sealed.mark);
      for (const seq of sealed.received) publisher.release(seq);
      this.#unreleased -= sealed.received.length;
    }
    this.#failWhenSettled();
  }

  /**
   * Nothing is sent any more, also not again; what the broker still answers is taken and becomes durable, and then the sink fails. So
   * no row that the broker has is sent again by the next process.
   */
  failOnceSettled(error: MillraceError): void {
    if (this.#last !== undefined) return;
    this.#last = error;
    this.queue.stop();
    this.#parts.publisher().pace(0, performance.now());
  }

  /** Whether there is room that `offer` was short of, or a more urgent wish to commit; told once. */
  takeNews(): boolean {
    const { urgency } = this;
    const isNews = URGENCIES[urgency] > URGENCIES[this.#told];
    if (isNews) this.#told = urgency;
    const isRoom = this.#owesRoom && !this.queue.full;
    if (isRoom) this.#owesRoom = false;
    return isNews || isRoom;
  }

  received(row: Row): void {
    if (this.#stages.get(row.index) !== 'open') return;
    this.#stages.receive(row.index);
    this.#received.push(row.index);
    this.#unreleased += 1;
  }

  unverified(row: Row): void {
    this.#parts.owner.unverified(row);
  }

  delivered(row: Row): void {
    this.#parts.owner.meter.delivered(row);
    this.#complete(row);
  }

  rejected(row: Row, error: MillraceError): void {
    const letter = this.#parts.owner.refused(row, error);
    if (letter === undefined) return;
    this.#refused.push({ seq: row.index, letter });
    this.#complete(row);
  }

  dropped(row: Row, reason: DropReason): void {
    // one that has expired may be dropped above the sent mark, which the next snapshot takes past it
    this.#top = Math.max(this.#top, row.index + 1);
    this.#parts.owner.meter.dropped(row, reason);
    this.#complete(row);
  }

  downgraded(row: Row): void {
    this.#parts.owner.downgraded(row);
  }

  retried(row: Row): void {
    this.#parts.owner.meter.retried(row);
  }

  published(row: Row): void {
    this.#top = Math.max(this.#top, row.index + 1);
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

  stripped(row: Row): void {
    this.#parts.owner.meter.stripped(row);
  }

  /** A row in flight on a connection that has ended is in doubt, and stays so. */
  #failWhenSettled(): void {
    if (this.#last === undefined || this.#dirty || this.#sealed.size > 0) return;
    if (this.queue.inflight === 0 || !this.queue.online) this.failed(this.#last);
  }

  #complete(row: Row): void {
    this.#stages.complete(row.index);
    this.#dirty = true;
  }

  /** Where a snapshot would set the sent mark (O1). */
  get #wantedMark(): number {
    // what waits for a connection has not begun, and may expire in another process, too (R23)
    if (!this.queue.online) return Math.max(this.#sealedMark, this.#top);
    const ahead = Math.min(this.#end, this.#top + this.#window, this.#stages.low + MOST_AHEAD);
    return Math.max(this.#sealedMark, this.#top, ahead);
  }

  /** Soon no stored row may be published any more, unless the mark moves. */
  get #wantsMark(): boolean {
    const ahead = this.#sealedMark - this.#top;
    if (this.#end <= this.#sealedMark || ahead > this.#window / 2) return false;
    if (ahead >= Math.max(0, this.#roomBeforeCommit)) return false;
    return this.#wantedMark > this.#sealedMark;
  }

  /** A row that waits for its PUBREC leaves the window after the commit of that, which moves the mark, too. */
  get #roomBeforeCommit(): number {
    return this.#window - (this.queue.inflight - this.#stages.received);
  }
}

const URGENCIES: Readonly<Record<CommitUrgency, number>> = { none: 0, soon: 1, now: 2 };
