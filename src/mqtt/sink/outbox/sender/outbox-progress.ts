import type { OutboxSnapshot, RefusedRow } from '../../../../connector/durable-sink.js';
import { Ring } from '../../../../internal/ring.js';
import { storedOutboxState } from './outbox-state.js';
import type { OutboxBirth } from './restore-outbox.js';
import { type MarkBounds, SentMark } from './sent-mark.js';
import type { SeqStages } from './seq-stages.js';

/** What a commit lets a session do. */
export interface ProgressSession {
  /** Every row below is durably complete (R8a, R11). */
  setDurableLow(seq: number): void;
  /** Sends PUBREL (R9). */
  release(seq: number): void;
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
 * What is known of the rows of an outbox, from the lowest incomplete one on: where each stands, how far rows may be sent, and which of that
 * no commit has yet. A row is a number here. The invariants:
 * V1. A row is published only below a sent mark that is durable in this epoch (R7, R8a). The mark is at most one window above the
 *     highest row published, and less than 60000 above the lowest row that is incomplete in the same commit (R11).
 * V2. PUBREL goes out only when the PUBREC is durable in this epoch (R9).
 * V3. The store has a row that is done until that is durable (R10). A refusal and its letter are in one snapshot (R9a).
 *     So are, from the refusal of a row that the broker has not answered on, the packet ids that are burnt (R20a).
 * V4. What is said in one epoch means nothing in the next but what is done (R5): marks fall to the low-water mark, PUBRECs are forgotten.
 * V5. A snapshot says all that is known when it is taken, so that any of them may be the last that becomes durable.
 *
 * Several snapshots may be taken before the first is committed.
 */
export class OutboxProgress {
  /** Changed by `receive` and `complete` alone. */
  readonly stages: SeqStages;
  /** A row that is published passes it. */
  readonly mark: SentMark;
  readonly #sealed = new Ring<Sealed>();
  /** In which what is not done yet means something (V4). */
  #epoch: number;
  /** Taken ever: the number of the next. */
  #snapshots = 0;
  /** PUBRECs that no snapshot has. */
  #received: number[] = [];
  #unreleased = 0;
  /** Refusals with their letters, which the next snapshot has (V3). */
  #refused: RefusedRow[] = [];
  /** Something that is done, or forgotten (V4), no snapshot has. */
  #dirty: boolean;

  constructor(birth: Pick<OutboxBirth, 'stages' | 'mark' | 'next' | 'session' | 'dropped'>) {
    this.stages = birth.stages;
    this.mark = new SentMark(birth);
    this.#epoch = birth.session.epoch;
    this.#dirty = birth.dropped > 0;
  }

  /** PUBRECs that wait for a commit. */
  get unreleased(): number {
    return this.#unreleased;
  }

  /** A PUBREC is in no snapshot yet: its PUBREL waits for one (V2). */
  get owesRelease(): boolean {
    return this.#received.length > 0;
  }

  /** A snapshot would say what none has said, beside PUBRECs. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** All that is known is durable. */
  get settled(): boolean {
    return !this.#dirty && this.#received.length === 0 && this.#sealed.size === 0;
  }

  /** CONNACK came. Under another epoch than the last one the session was lost, and its loss is settled (R5). */
  enter(epoch: number): void {
    // the session goes on, and what was said of it stays true
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.mark.forget(this.stages.low);
    this.#received = [];
    this.#unreleased = 0;
    this.stages.forgetReceived();
    this.#dirty = true;
  }

  /** PUBREC came. */
  receive(seq: number): void {
    // one that comes again, or for a row that is done, says nothing that a commit must have
    if (!this.stages.receive(seq)) return;
    this.#received.push(seq);
    this.#unreleased += 1;
  }

  /** The row is done. */
  complete(seq: number): void {
    // no row is done above a sent mark: one that has expired, or could not be published, is passed by the next snapshot
    this.mark.pass(seq);
    this.stages.complete(seq);
    this.#dirty = true;
  }

  /** It is done, and its letter goes into the snapshot that says so. */
  refuse(refused: RefusedRow): void {
    this.#refused.push(refused);
    this.complete(refused.seq);
  }

  /** The next commit may find something out, although nothing more is done. */
  askForCommit(): void {
    this.#dirty = true;
  }

  /** What belongs into the next commit. `burnt`: of the session, see `OutboxState`. */
  seal(bounds: MarkBounds, burnt: readonly number[]): OutboxSnapshot {
    const mark = this.mark.seal(bounds);
    const { low } = this.stages;
    const number = this.#snapshots;
    this.#snapshots += 1;
    this.#sealed.push({ number, epoch: this.#epoch, low, mark, received: this.#received });
    const refused = this.#refused;
    this.#received = [];
    this.#refused = [];
    this.#dirty = false;
    const state = storedOutboxState({
      epoch: this.#epoch,
      low,
      mark,
      received: this.stages.runs('received'),
      done: this.stages.runs('done'),
      burnt: Uint16Array.from(burnt),
    });
    return { mark: number, state, low, refused };
  }

  /** The snapshot with this number and all before it are durable: what they let out goes out. */
  commit(number: number, session: ProgressSession): void {
    for (
      let sealed = this.#sealed.peek();
      sealed !== undefined && sealed.number <= number;
      sealed = this.#sealed.peek()
    ) {
      this.#sealed.shift();
      // in whatever epoch it was: what is done stays done (V4)
      session.setDurableLow(sealed.low);
      // the rest of it was said of a session that is lost
      if (sealed.epoch !== this.#epoch) continue;
      this.mark.commit(sealed.mark);
      for (const seq of sealed.received) session.release(seq);
      this.#unreleased -= sealed.received.length;
    }
  }
}
