import { Ring } from '../../../../internal/ring.js';
import type { OutboundMessage } from '../outbound-message.js';
import type { OutboundFlow, OutboundStanding } from './outbound-flow.js';
import { OUTBOUND_QOS1 } from './outbound-qos1-flow.js';
import { OUTBOUND_QOS2 } from './outbound-qos2-flow.js';

/** Ids above are for SUBSCRIBE and UNSUBSCRIBE. */
export const PUBLISH_IDS = 60_000;

/** The packet id of an outbound message (R8). */
export function packetIdOf(seq: number): number {
  return 1 + (seq % PUBLISH_IDS);
}

/** An outbound message that is not complete. */
export interface OutboundEntry {
  /** The very object that was published: sent again as it is then (R12), and given back by events. */
  readonly message: OutboundMessage;
  /** The table of its QoS. */
  readonly flow: OutboundFlow;
  /** Changed by a transition of `flow`, and by a new epoch. */
  position: OutboundStanding;
}

/**
 * The outbound messages that are not complete, by their sequence numbers: the one table of them. `low` is the lowest incomplete one,
 * `next` the one after the highest taken; their distance stays below 60000, so that a packet id names one message
 * at most and none is used again before its completion (R8a, R11). Numbers may be left out.
 */
export class OutboundWindow {
  readonly #entries = new Ring<OutboundEntry>();
  #size = 0;
  /** Every number below is durably complete; Infinity until somebody counts durably. */
  #durableLow = Number.POSITIVE_INFINITY;

  get low(): number {
    return this.#entries.first;
  }

  get next(): number {
    return this.#entries.end;
  }

  get size(): number {
    return this.#size;
  }

  /** How many more consecutive numbers may be taken now. */
  get room(): number {
    const low = this.#bindingLow;
    return low === Number.POSITIVE_INFINITY ? PUBLISH_IDS : low + PUBLISH_IDS - Math.max(this.#entries.end, low);
  }

  /** Whether a message with this number may be taken now. */
  hasRoomFor(seq: number): boolean {
    return seq - this.#bindingLow < PUBLISH_IDS && (this.#size === 0 || this.#entries.end - seq <= PUBLISH_IDS);
  }

  /** Every number below is durably complete. Never falls. */
  setDurableLow(seq: number): void {
    this.#durableLow = this.#durableLow === Number.POSITIVE_INFINITY ? seq : Math.max(this.#durableLow, seq);
  }

  /** There must be room, and no message with this number. */
  add(message: OutboundMessage, position: OutboundStanding): void {
    this.#size += 1;
    this.#entries.put(message.seq, { message, flow: message.qos === 1 ? OUTBOUND_QOS1 : OUTBOUND_QOS2, position });
  }

  /** The message with this number; undefined when it is complete or was never taken. */
  get(seq: number): OutboundEntry | undefined {
    return this.#entries.get(seq);
  }

  /** The message is complete. */
  remove(seq: number): void {
    this.#size -= 1;
    this.#entries.remove(seq);
  }

  /** The one message in the window that has this packet id. */
  withId(packetId: number): OutboundEntry | undefined {
    if (packetId === 0 || packetId > PUBLISH_IDS) return undefined;
    const { first } = this.#entries;
    return this.#entries.get(first + ((packetId - 1 - (first % PUBLISH_IDS) + PUBLISH_IDS) % PUBLISH_IDS));
  }

  /** Of all messages, by ascending number. */
  entries(): Iterable<OutboundEntry> {
    return this.#entries;
  }

  /** The number from which the ids in use are counted (R8a). */
  get #bindingLow(): number {
    return Math.min(this.#size === 0 ? Number.POSITIVE_INFINITY : this.#entries.first, this.#durableLow);
  }
}
