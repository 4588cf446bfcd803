import { Ring } from '../../../internal/ring.js';

interface PendingAck {
  readonly position: number;
  readonly token: number;
}

/** Delivery tokens of polled messages that are not acknowledged yet, with the positions that release them. Both ascend. */
export class PendingAcks {
  readonly #acks = new Ring<PendingAck>();

  get count(): number {
    return this.#acks.size;
  }

  /** The message with this token may be acknowledged when everything up to `position` is done. */
  push(position: number, token: number): void {
    this.#acks.push({ position, token });
  }

  /** The oldest token whose position is at most `mark`, or undefined; each is given once. */
  takeUpTo(mark: number): number | undefined {
    const oldest = this.#acks.peek();
    if (oldest === undefined || oldest.position > mark) return undefined;
    this.#acks.shift();
    return oldest.token;
  }
}
