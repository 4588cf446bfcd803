import type { InboundRow, InboundStage } from './session-state.js';

/** A QoS 2 message that was received and whose id is not released. */
export interface InboundMessage {
  readonly packetId: number;
  readonly token: number;
  stage: InboundStage;
  /** The connection in whose queue it waits for its PUBREC; 0 for none. */
  queuedOn: number;
  /** The connection on which its latest PUBREL came; 0 for none. */
  releasedOn: number;
  /** Removed rows stay in the queue until their turn, and are passed over. */
  gone: boolean;
}

/**
 * The inbound QoS 2 messages of an epoch, by id and by token, and the order in which the present connection's PUBRECs
 * are due (R14). Bounded by the 65535 packet ids.
 */
export class InboundRows {
  readonly #byId = new Map<number, InboundMessage>();
  readonly #byToken = new Map<number, InboundMessage>();
  #queue: InboundMessage[] = [];
  #head = 0;
  #connection = 1;

  get size(): number {
    return this.#byId.size;
  }

  restore(rows: readonly InboundRow[]): void {
    for (const { packetId, token, stage } of rows) this.#set(packetId, token, stage);
  }

  get(packetId: number): InboundMessage | undefined {
    return this.#byId.get(packetId);
  }

  byToken(token: number): InboundMessage | undefined {
    return this.#byToken.get(token);
  }

  /** A new message, whose PUBREC is due after those of all before it. */
  add(packetId: number, token: number): void {
    this.enqueue(this.#set(packetId, token, 'taken'));
  }

  /** A copy came: its PUBREC is due now, unless one is due on this connection already. */
  enqueue(row: InboundMessage): void {
    if (row.queuedOn === this.#connection) return;
    row.queuedOn = this.#connection;
    this.#queue.push(row);
  }

  /** The row whose PUBREC is to be written next, if the first in order is accepted. */
  takeNext(): InboundMessage | undefined {
    while (this.#head < this.#queue.length) {
      const row = this.#queue[this.#head];
      if (row === undefined || (row.stage === 'taken' && !row.gone)) return undefined;
      this.#dequeue();
      row.queuedOn = 0;
      if (!row.gone) return row;
    }
    return undefined;
  }

  remove(row: InboundMessage): void {
    row.gone = true;
    this.#byId.delete(row.packetId);
    this.#byToken.delete(row.token);
  }

  /** Notes a PUBREL; false when one came on this connection before. */
  markReleased(row: InboundMessage): boolean {
    if (row.releasedOn === this.#connection) return false;
    row.releasedOn = this.#connection;
    return true;
  }

  isReleasedHere(row: InboundMessage): boolean {
    return row.releasedOn === this.#connection;
  }

  /** What is due on a connection is due on no other (R14a). */
  nextConnection(): void {
    this.#connection += 1;
    this.#queue = [];
    this.#head = 0;
  }

  clear(): void {
    this.#byId.clear();
    this.#byToken.clear();
    this.nextConnection();
  }

  toRows(): InboundRow[] {
    return Array.from(this.#byId.values(), ({ packetId, token, stage }) => ({ packetId, token, stage }));
  }

  #set(packetId: number, token: number, stage: InboundStage): InboundMessage {
    const row = { packetId, token, stage, queuedOn: 0, releasedOn: 0, gone: false };
    this.#byId.set(packetId, row);
    this.#byToken.set(token, row);
    return row;
  }

  #dequeue(): void {
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
