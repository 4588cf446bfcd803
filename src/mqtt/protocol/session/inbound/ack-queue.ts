import { Ring } from '../../../../internal/ring.js';

/** A QoS 1 message that has no PUBACK yet. */
export interface UnansweredMessage {
  /** By which its owner accepts it; above those of all before it. */
  readonly token: number;
  /** In use until its PUBACK is written. */
  readonly packetId: number;
  /** Of its PUBACK. */
  readonly reasonCode: number;
  /** Its PUBACK goes out when those of all before it have (R14). */
  accepted: boolean;
}

/**
 * The QoS 1 messages of one connection that have no PUBACK yet, in order of receipt (R14). Tokens ascend, so the usual
 * case, an owner that accepts in order, costs no search. Bounded by the 65535 packet ids: the caller refuses an id twice.
 */
export class AckQueue {
  readonly #messages = new Ring<UnansweredMessage>();

  push(token: number, packetId: number, reasonCode: number): void {
    this.#messages.push({ token, packetId, reasonCode, accepted: false });
  }

  /** Marks the message; false when it is not here, or was accepted before. */
  accept(token: number): boolean {
    const first = this.#messages.peek();
    const message = first?.token === token ? first : this.#search(token);
    if (message === undefined || message.accepted) return false;
    message.accepted = true;
    return true;
  }

  /** Removes the first message when it is accepted. */
  takeNext(): UnansweredMessage | undefined {
    return this.#messages.peek()?.accepted === true ? this.#messages.shift() : undefined;
  }

  clear(): void {
    this.#messages.clear();
  }

  #search(token: number): UnansweredMessage | undefined {
    let low = this.#messages.first;
    let high = this.#messages.end - 1;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const found = this.#messages.get(middle);
      if (found === undefined || found.token === token) return found;
      if (found.token < token) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
