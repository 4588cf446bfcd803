import { Ring } from '../../../../internal/ring.js';
import type { InboundStage } from '../session-state.js';

/** What is due a PUBREC, in its turn: a message, or what stands for a copy. */
export interface QueueEntry {
  readonly packetId: number;
  readonly reasonCode: number;
  /** It is due once that is not `taken`. */
  stage: InboundStage;
  /** The connection in whose queue it waits; 0 for none. Written here alone. */
  queuedOn: number;
  /** It is passed over. */
  gone: boolean;
}

/** For a copy of a row that is accepted, or of a message that is finished (R2b). */
interface QueuedCopy extends QueueEntry {
  stage: 'taken' | 'accepted';
}

/**
 * The order in which the PUBRECs of the present connection are due (R14). The invariants:
 * PQ1. Only the first is due, when it is accepted: one that is not holds all behind it.
 * PQ2. A message is in the queue once at most, and so is a copy of each packet id.
 * PQ3. What is due on a connection is due on no other (R14a).
 */
export class PubrecQueue {
  readonly #entries = new Ring<QueueEntry>();
  /** By packet id, what waits for a copy. */
  readonly #copies = new Map<number, QueuedCopy>();
  #connection = 1;

  /** A new message, behind all that came before it. */
  push(entry: QueueEntry): void {
    entry.queuedOn = this.#connection;
    this.#entries.push(entry);
  }

  /**
   * A copy came: its PUBREC is due now, unless one is due on this connection already. That of an accepted message has an entry of its own,
   * because the message may be completed, and so removed, before its turn.
   */
  enqueue(entry: QueueEntry): void {
    if (entry.queuedOn === this.#connection) return;
    if (entry.stage === 'taken') this.push(entry);
    else this.enqueueCopy(entry.packetId, 'accepted', entry.reasonCode);
  }

  /** A copy came of what is no message here, or may be none before its turn. `taken`: it waits for `acceptCopy` too. */
  enqueueCopy(packetId: number, stage: QueuedCopy['stage'], reasonCode = 0): void {
    if (this.#copies.has(packetId)) return;
    const copy = { packetId, reasonCode, stage, queuedOn: this.#connection, gone: false };
    this.#copies.set(packetId, copy);
    this.#entries.push(copy);
  }

  acceptCopy(packetId: number): void {
    const copy = this.#copies.get(packetId);
    if (copy !== undefined) copy.stage = 'accepted';
  }

  /** The id means another message from now on: the copy is not answered. */
  dropCopy(packetId: number): void {
    // nearly always
    if (this.#copies.size === 0) return;
    const copy = this.#copies.get(packetId);
    if (copy === undefined) return;
    copy.gone = true;
    this.#copies.delete(packetId);
  }

  /** Those of all ids. */
  dropCopies(): void {
    for (const packetId of [...this.#copies.keys()]) this.dropCopy(packetId);
  }

  /** Whose PUBREC is due, if the first in order is accepted. */
  get due(): Pick<QueueEntry, 'packetId' | 'reasonCode'> | undefined {
    for (let entry = this.#entries.peek(); entry !== undefined; entry = this.#entries.peek()) {
      if (!entry.gone) return entry.stage === 'taken' ? undefined : entry;
      this.#entries.shift();
    }
    return undefined;
  }

  /** The one that is due is written now. */
  take(): void {
    const entry = this.#entries.shift();
    if (entry === undefined) return;
    entry.queuedOn = 0;
    // a copy that comes from now on is due a PUBREC of its own
    if (this.#copies.size > 0) this.#copies.delete(entry.packetId);
  }

  nextConnection(): void {
    this.#connection += 1;
    this.#entries.clear();
    this.#copies.clear();
  }
}
