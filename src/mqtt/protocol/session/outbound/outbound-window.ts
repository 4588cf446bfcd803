import type { OutboundPosition } from './outbound-flow.js';
import type { OutboundMessage } from './outbound-message.js';

/** Ids above are for SUBSCRIBE and UNSUBSCRIBE. */
export const PUBLISH_IDS = 60_000;

const FIRST_CAPACITY = 64;

/** The packet id of an outbound message (R8). */
export function packetIdOf(seq: number): number {
  return 1 + (seq % PUBLISH_IDS);
}

/**
 * The outbound messages that are not complete, as a ring over their sequence numbers. `low` is the lowest incomplete one,
 * `next` the one after the highest ever taken; their distance stays below 60000, so that a packet id names one message
 * at most and none is used again before its completion (R8a, R11). Numbers may be left out.
 */
export class OutboundWindow {
  #messages: (OutboundMessage | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #positions: OutboundPosition[] = new Array(FIRST_CAPACITY).fill('done');
  #capacity = FIRST_CAPACITY;
  #low = 0;
  #next = 0;
  #size = 0;
  /** Every number below is durably complete; Infinity until somebody counts durably. */
  #durableLow = Number.POSITIVE_INFINITY;

  get low(): number {
    return this.#low;
  }

  get next(): number {
    return this.#next;
  }

  get size(): number {
    return this.#size;
  }

  /** How many more consecutive numbers may be taken now. */
  get room(): number {
    const low = this.#bindingLow;
    return low === Number.POSITIVE_INFINITY ? PUBLISH_IDS : low + PUBLISH_IDS - Math.max(this.#next, low);
  }

  /** Whether a message with this number may be taken now. */
  hasRoomFor(seq: number): boolean {
    return seq - this.#bindingLow < PUBLISH_IDS && (this.#size === 0 || this.#next - seq <= PUBLISH_IDS);
  }

  /** Every number below is durably complete. Never falls. */
  setDurableLow(seq: number): void {
    this.#durableLow = this.#durableLow === Number.POSITIVE_INFINITY ? seq : Math.max(this.#durableLow, seq);
  }

  /** There must be room, and no message with this number. */
  add(message: OutboundMessage, position: OutboundPosition): void {
    const { seq } = message;
    const low = this.#size === 0 ? seq : Math.min(this.#low, seq);
    const next = this.#size === 0 ? seq + 1 : Math.max(this.#next, seq + 1);
    while (next - low > this.#capacity) this.#grow();
    this.#low = low;
    this.#next = next;
    this.#size += 1;
    const slot = this.#slot(seq);
    this.#messages[slot] = message;
    this.#positions[slot] = position;
  }

  /** The message, or undefined when it is complete or was never taken. */
  get(seq: number): OutboundMessage | undefined {
    if (seq < this.#low || seq >= this.#next) return undefined;
    return this.#messages[this.#slot(seq)];
  }

  /** `done` when there is no such message. */
  positionOf(seq: number): OutboundPosition {
    if (seq < this.#low || seq >= this.#next) return 'done';
    return this.#positions[this.#slot(seq)] ?? 'done';
  }

  move(seq: number, position: OutboundPosition): void {
    this.#positions[this.#slot(seq)] = position;
  }

  /** The message is complete. */
  remove(seq: number): void {
    const slot = this.#slot(seq);
    this.#messages[slot] = undefined;
    this.#positions[slot] = 'done';
    this.#size -= 1;
    if (seq === this.#low) this.#advance();
  }

  /** The one number in the window that has this packet id; -1 when nothing incomplete can have it. */
  seqOf(packetId: number): number {
    if (this.#size === 0 || packetId === 0 || packetId > PUBLISH_IDS) return -1;
    const ahead = (packetId - packetIdOf(this.#low) + PUBLISH_IDS) % PUBLISH_IDS;
    const seq = this.#low + ahead;
    return this.get(seq) === undefined ? -1 : seq;
  }

  /** The numbers of all messages, ascending. */
  *seqs(): Generator<number> {
    for (let seq = this.#low; seq < this.#next; seq += 1) if (this.get(seq) !== undefined) yield seq;
  }

  /** The number from which the ids in use are counted (R8a). */
  get #bindingLow(): number {
    return Math.min(this.#size === 0 ? Number.POSITIVE_INFINITY : this.#low, this.#durableLow);
  }

  // Sequence numbers go beyond 32 bits, where `&` would cut them; the remainder is exact and as fast for small ones.
  #slot(seq: number): number {
    return seq % this.#capacity;
  }

  #advance(): void {
    if (this.#size === 0) {
      this.#low = this.#next;
      return;
    }
    while (this.#messages[this.#slot(this.#low)] === undefined) this.#low += 1;
  }

  #grow(): void {
    const messages: (OutboundMessage | undefined)[] = new Array(this.#capacity * 2).fill(undefined);
    const positions: OutboundPosition[] = new Array(this.#capacity * 2).fill('done');
    for (let seq = this.#low; seq < this.#next; seq += 1) {
      messages[seq % messages.length] = this.#messages[this.#slot(seq)];
      positions[seq % positions.length] = this.#positions[this.#slot(seq)] ?? 'done';
    }
    this.#messages = messages;
    this.#positions = positions;
    this.#capacity = messages.length;
  }
}
