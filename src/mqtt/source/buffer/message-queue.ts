import { Ring } from '../../../internal/ring.js';
import { heldBytes } from '../../protocol/held-bytes.js';
import type { MessageEvent } from '../../protocol/session/session-event.js';

interface HeldMessage {
  readonly event: MessageEvent;
  /** Bytes. */
  readonly size: number;
}

/**
 * First in, first out, with its size in bytes.
 *
 * A payload is a view of the chunk that was read, and holds all of it. So a message counts with its chunk, unless the one before it in the
 * queue has the same: small messages that come alone, each in a chunk of its own, cost what they hold.
 */
export class MessageQueue {
  readonly #messages = new Ring<HeldMessage>();
  #bytes = 0;
  #newest: MessageEvent | undefined;
  /** Its chunk. */
  #chunk: ArrayBufferLike | undefined;

  get count(): number {
    return this.#messages.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(event: MessageEvent): void {
    const { buffer, byteLength } = event.payload;
    const own = heldBytes(event);
    const size = this.#chunk === buffer ? own : own - byteLength + buffer.byteLength;
    this.#messages.push({ event, size });
    this.#bytes += size;
    this.#newest = event;
    this.#chunk = buffer;
  }

  peek(): MessageEvent | undefined {
    return this.#messages.peek()?.event;
  }

  shift(): MessageEvent | undefined {
    const held = this.#messages.shift();
    if (held === undefined) return undefined;
    this.#bytes -= held.size;
    // its chunk is not to be kept by an empty queue
    if (held.event === this.#newest) this.#forgetNewest();
    return held.event;
  }

  #forgetNewest(): void {
    this.#newest = undefined;
    this.#chunk = undefined;
  }
}
