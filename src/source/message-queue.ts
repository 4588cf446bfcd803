import type { MessageEvent } from '../protocol/session/session-event.js';
import { messageSize } from './message-size.js';

const FIRST_CAPACITY = 64;

/** First in, first out, with its size in bytes. A ring: neither end moves what is between. */
export class MessageQueue {
  #slots: (MessageEvent | undefined)[] = new Array(FIRST_CAPACITY);
  #mask = FIRST_CAPACITY - 1;
  #head = 0;
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(event: MessageEvent): void {
    if (this.#count > this.#mask) this.#grow();
    this.#slots[(this.#head + this.#count) & this.#mask] = event;
    this.#count += 1;
    this.#bytes += messageSize(event);
  }

  peek(): MessageEvent | undefined {
    return this.#slots[this.#head];
  }

  shift(): MessageEvent | undefined {
    const event = this.#slots[this.#head];
    if (event === undefined) return undefined;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#count -= 1;
    this.#bytes -= messageSize(event);
    return event;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const slots = new Array<MessageEvent | undefined>(capacity);
    for (let index = 0; index < this.#count; index += 1) slots[index] = this.#slots[(this.#head + index) & this.#mask];
    this.#slots = slots;
    this.#mask = capacity - 1;
    this.#head = 0;
  }
}
