import { heldBytes } from '../../protocol/held-bytes.js';
import type { MessageEvent } from '../../protocol/session/session-event.js';

const FIRST_CAPACITY = 64;

/**
 * First in, first out, with its size in bytes. A ring: neither end moves what is between.
 *
 * A payload is a view of the chunk that was read, and holds all of it. So a message counts with its chunk, unless the one before it in the
 * queue has the same: small messages that come alone, each in a chunk of its own, cost what they hold.
 */
export class MessageQueue {
  #slots: (MessageEvent | undefined)[] = new Array(FIRST_CAPACITY);
  #sizes = new Float64Array(FIRST_CAPACITY);
  #mask = FIRST_CAPACITY - 1;
  #head = 0;
  #count = 0;
  #bytes = 0;
  #newest: MessageEvent | undefined;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(event: MessageEvent): void {
    if (this.#count > this.#mask) this.#grow();
    const index = (this.#head + this.#count) & this.#mask;
    const size = this.#sizeOf(event);
    this.#slots[index] = event;
    this.#sizes[index] = size;
    this.#count += 1;
    this.#bytes += size;
    this.#newest = event;
  }

  peek(): MessageEvent | undefined {
    return this.#slots[this.#head];
  }

  shift(): MessageEvent | undefined {
    const event = this.#slots[this.#head];
    if (event === undefined) return undefined;
    this.#slots[this.#head] = undefined;
    this.#bytes -= this.#sizes[this.#head] ?? 0;
    this.#head = (this.#head + 1) & this.#mask;
    this.#count -= 1;
    if (this.#count === 0) this.#newest = undefined;
    return event;
  }

  #sizeOf(event: MessageEvent): number {
    const own = heldBytes(event);
    const { buffer, byteLength } = event.payload;
    return this.#newest?.payload.buffer === buffer ? own : own - byteLength + buffer.byteLength;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const slots = new Array<MessageEvent | undefined>(capacity);
    const sizes = new Float64Array(capacity);
    for (let index = 0; index < this.#count; index += 1) {
      const from = (this.#head + index) & this.#mask;
      slots[index] = this.#slots[from];
      sizes[index] = this.#sizes[from] ?? 0;
    }
    this.#slots = slots;
    this.#sizes = sizes;
    this.#mask = capacity - 1;
    this.#head = 0;
  }
}
