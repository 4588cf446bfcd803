import { present } from '../../../internal/present.js';
import { Ring } from '../../../internal/ring.js';
import type { GivenItems } from './given-items.js';
import type { Slot } from './slot.js';

const ORIGIN = 'each item for a mapAsync stage comes with the index of its input';

interface Chunk extends GivenItems {
  next: number;
}

/**
 * The items of one mapAsync stage that wait for a call, and the calls under way, in order. Each item holds its frame until its result
 * has been passed on. The calls themselves are made by the driver.
 */
export class CallQueue {
  readonly #maxConcurrency: number;
  readonly #chunks = new Ring<Chunk>();
  readonly #slots = new Ring<Slot>();
  #waiting = 0;

  constructor(maxConcurrency: number) {
    this.#maxConcurrency = maxConcurrency;
  }

  /** Items that no call was started for yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether every result has been taken. */
  get idle(): boolean {
    return this.#chunks.size === 0 && this.#slots.size === 0;
  }

  /** Adds items of a frame, which they hold. */
  push(given: GivenItems): void {
    given.frame.holds += given.items.length;
    this.#waiting += given.items.length;
    this.#chunks.push({ ...given, next: 0 });
  }

  /** The next call to start, or undefined when none may: results that wait for an older one count as calls, so memory is bounded. */
  takeCall(): Slot | undefined {
    const chunk = this.#chunks.peek();
    if (chunk === undefined || this.#slots.size >= this.#maxConcurrency) return undefined;
    const { frame, next } = chunk;
    const slot: Slot = {
      item: chunk.items[next],
      frame,
      origin: present(chunk.origins[next], ORIGIN),
      time: chunk.times[next],
      settled: undefined,
    };
    chunk.next += 1;
    this.#waiting -= 1;
    if (chunk.next === chunk.items.length) this.#chunks.shift();
    this.#slots.push(slot);
    return slot;
  }

  /** The settled calls that no older call stands in front of and that belong to one frame. */
  takeSettled(): readonly Slot[] {
    const taken: Slot[] = [];
    for (let slot = this.#slots.peek(); slot?.settled !== undefined; slot = this.#slots.peek()) {
      if (taken[0] !== undefined && taken[0].frame !== slot.frame) break;
      this.#slots.shift();
      taken.push(slot);
      if (slot.settled.kind === 'error') break;
    }
    return taken;
  }
}
