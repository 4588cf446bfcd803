import type { AsyncStagePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { CallLane } from '../tick/lanes/call-lane.js';
import { CallQueue } from '../tick/lanes/call-queue.js';
import type { GivenItems } from '../tick/lanes/given-items.js';
import type { Slot } from '../tick/lanes/slot.js';

/** One mapAsync stage of a job without a store. Each item holds its frame until its result has been passed on. */
export class DirectCallLane implements CallLane {
  readonly plan: AsyncStagePlan;
  readonly #calls: CallQueue;

  constructor(plan: AsyncStagePlan) {
    this.plan = plan;
    this.#calls = new CallQueue(plan.maxConcurrency);
  }

  get waiting(): number {
    return this.#calls.waiting;
  }

  /** The frames that its items hold are in flight, with their bytes. */
  get heldBytes(): number {
    return 0;
  }

  get idle(): boolean {
    return this.#calls.idle;
  }

  enqueue(given: GivenItems): void {
    this.#calls.push(given);
  }

  takeCall(): Slot | undefined {
    return this.#calls.takeCall();
  }

  takeSettled(): readonly Slot[] {
    return this.#calls.takeSettled();
  }
}
