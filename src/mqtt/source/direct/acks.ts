import type { SourceSnapshot } from '../../../connector/source-reader.js';
import type { Acknowledger, AckSession } from '../acknowledgement/acknowledger.js';
import { PendingAcks } from '../acknowledgement/pending-acks.js';

/**
 * Without a store: a message is acknowledged when its position is committed, and a QoS 2 id is forgotten as soon as its PUBREL comes.
 * A mark is a position.
 */
export class DirectAcks implements Acknowledger {
  readonly owes = true;
  readonly dirty = false;
  readonly #session: AckSession;
  readonly #pending = new PendingAcks();

  constructor(session: AckSession) {
    this.#session = session;
  }

  get count(): number {
    return this.#pending.count;
  }

  taken(position: number, token: number): void {
    this.#pending.push(position, token);
  }

  released(token: number): void {
    this.#session.complete(token);
  }

  suspected(): void {}

  snapshot(upTo: number): SourceSnapshot {
    return { mark: upTo, state: undefined };
  }

  committed(mark: number): number {
    const before = this.#pending.count;
    for (let token = this.#pending.takeUpTo(mark); token !== undefined; token = this.#pending.takeUpTo(mark)) {
      this.#session.accept(token);
    }
    return before - this.#pending.count;
  }
}
