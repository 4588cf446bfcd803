import { heldBytes } from '../../protocol/held-bytes.js';
import type { MessageEvent } from '../../protocol/session/session-event.js';
import { MessageQueue } from './message-queue.js';

/**
 * What gives way when QoS 0 messages come faster than they are polled. `pause` stops reading the socket, so the broker's queue overflows
 * instead.
 */
export type Qos0Overflow = 'drop-oldest' | 'drop-newest' | 'pause';

/** Bounds of what is received and not polled yet. */
export interface BufferLimits {
  /** QoS 0 messages. */
  readonly maxQos0Messages: number;
  /**
   * QoS 1 and 2 messages together. What waits long is moved about by the garbage collector, so this is better short: the broker keeps the
   * rest.
   */
  readonly maxReliableMessages: number;
  /** Bytes as `heldBytes` and `MessageQueue` count them, once for QoS 0 and once for QoS 1 and 2 together. */
  readonly maxBytes: number;
  /** At the bounds of QoS 0; at the others reading stops. */
  readonly qos0Overflow: Qos0Overflow;
}

const HALF = 0.5;

/**
 * Messages between the session and `poll`, given out in the order of arrival at every QoS. Pure. Invariants:
 *
 * - A QoS 1 or 2 message is never dropped: above the bound `full` asks the owner to stop reading.
 * - QoS 0 messages stay within the bound by policy, but a message larger than the bound is taken when no other is there.
 * - Held messages (QoS 1, unacknowledged, their connection gone) are not given out until their fate is known: `discardHeld`
 *   when the broker kept the session, for it sends them again in their order [MQTT-4.4.0-1] [MQTT-4.6.0-1]; `releaseHeld`
 *   when it did not, for this is the only copy. No message arrives while any is held.
 */
export class MessageBuffer {
  readonly #limits: BufferLimits;
  readonly #qos0 = new MessageQueue();
  #reliable = new MessageQueue();
  #held = new MessageQueue();
  #dropped = 0;

  constructor(limits: BufferLimits) {
    this.#limits = limits;
  }

  /** Messages that `shift` would give. */
  get count(): number {
    return this.#qos0.count + this.#reliable.count;
  }

  /** Held ones included. */
  get bytes(): number {
    return this.#qos0.bytes + this.#reliable.bytes + this.#held.bytes;
  }

  /** Messages that `shift` does not give, and may never. */
  get heldCount(): number {
    return this.#held.count;
  }

  /** True when reading should stop. */
  get full(): boolean {
    return this.#reaches(1);
  }

  /** True when reading may go on after it was stopped: half the bound is free, so that the socket is not switched for every message. */
  get drained(): boolean {
    return !this.#reaches(HALF);
  }

  /** QoS 0 messages dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** QoS 1 and 2 always come in; `full` is to be asked afterwards. */
  push(event: MessageEvent): void {
    if (event.qos > 0) this.#reliable.push(event);
    else this.#pushQos0(event);
  }

  /** The oldest message: tokens grow in the order of arrival. */
  shift(): MessageEvent | undefined {
    return olderOf(this.#qos0, this.#reliable).shift();
  }

  /** The connection is gone and with it the tokens of these QoS 1 messages; QoS 2 tokens live on. Messages already held stay so. */
  holdQos1(): void {
    const rest = new MessageQueue();
    for (let event = this.#reliable.shift(); event !== undefined; event = this.#reliable.shift()) {
      (event.qos === 1 ? this.#held : rest).push(event);
    }
    this.#reliable = rest;
  }

  /** The broker will send them again. Returns how many. */
  discardHeld(): number {
    const discarded = this.#held.count;
    this.#held = new MessageQueue();
    return discarded;
  }

  /** Nobody will send them again: they take their place in the order back. */
  releaseHeld(): void {
    const merged = new MessageQueue();
    while (this.#held.count + this.#reliable.count > 0) {
      const event = olderOf(this.#held, this.#reliable).shift();
      if (event !== undefined) merged.push(event);
    }
    this.#reliable = merged;
  }

  #pushQos0(event: MessageEvent): void {
    const policy = this.#limits.qos0Overflow;
    if (policy !== 'pause') {
      const size = heldBytes(event);
      while (!this.#fits(size)) {
        this.#dropped += 1;
        if (policy === 'drop-newest') return;
        this.#qos0.shift();
      }
    }
    this.#qos0.push(event);
  }

  #fits(size: number): boolean {
    if (this.#qos0.count === 0) return true;
    return this.#qos0.count < this.#limits.maxQos0Messages && this.#qos0.bytes + size <= this.#limits.maxBytes;
  }

  /** Whether what makes reading stop is at this share of a bound. */
  #reaches(share: number): boolean {
    const { maxQos0Messages, maxReliableMessages, maxBytes, qos0Overflow } = this.#limits;
    const bytes = maxBytes * share;
    if (holds(this.#reliable, maxReliableMessages * share, bytes)) return true;
    return qos0Overflow === 'pause' && holds(this.#qos0, maxQos0Messages * share, bytes);
  }
}

const holds = (queue: MessageQueue, messages: number, bytes: number): boolean =>
  queue.count >= messages || queue.bytes >= bytes;

const olderOf = (a: MessageQueue, b: MessageQueue): MessageQueue => {
  const first = a.peek();
  const second = b.peek();
  if (first === undefined) return b;
  return second === undefined || first.token < second.token ? a : b;
};
