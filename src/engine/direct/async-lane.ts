import { Fifo } from '../../internal/fifo.js';
import { present } from '../../internal/present.js';
import type { AsyncStagePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { CallLane } from '../tick/call-lane.js';
import type { Frame } from '../tick/frame.js';

/** How a call ended. */
export type Settled =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly cause: unknown };

/** One call, from its start until its result is taken in order. */
export interface Slot {
  readonly item: unknown;
  readonly frame: Frame;
  /** Index of the input in its frame. */
  readonly origin: number;
  settled: Settled | undefined;
}

const ORIGIN = 'each item for a mapAsync stage comes with the index of its input';

interface Chunk {
  readonly items: readonly unknown[];
  readonly origins: readonly number[];
  readonly frame: Frame;
  next: number;
}

/**
 * One mapAsync stage of a running job. It owns the items that wait for a call and the calls under way, in order. Each item
 * holds its frame until its result has been passed on. The calls themselves are made by the driver.
 */
export class AsyncLane implements CallLane {
  readonly plan: AsyncStagePlan;
  readonly #chunks = new Fifo<Chunk>();
  readonly #slots = new Fifo<Slot>();
  #waiting = 0;

  constructor(plan: AsyncStagePlan) {
    this.plan = plan;
  }

  /** Items that no call was started for yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The frames that its items hold are in flight, with their bytes. */
  get heldBytes(): number {
    return 0;
  }

  get idle(): boolean {
    return this.#chunks.size === 0 && this.#slots.size === 0;
  }

  enqueue(items: readonly unknown[], origins: readonly number[], frame: Frame): void {
    frame.holds += items.length;
    this.#waiting += items.length;
    this.#chunks.push({ items, origins, frame, next: 0 });
  }

  /** The next call to start, or undefined when none may: results that wait for an older one count as calls, so memory is bounded. */
  takeCall(): Slot | undefined {
    const chunk = this.#chunks.peek();
    if (chunk === undefined || this.#slots.size >= this.plan.maxConcurrency) return undefined;
    const { frame, next } = chunk;
    const slot: Slot = {
      item: chunk.items[next],
      frame,
      origin: present(chunk.origins[next], ORIGIN),
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
