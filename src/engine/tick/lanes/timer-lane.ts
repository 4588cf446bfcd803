import { Ring } from '../../../internal/ring.js';
import type { TimedStagePlan } from '../../../pipeline/compile/pipeline-plan.js';
import type { DueTimer } from '../../../pipeline/timers/stage-timers.js';
import { createTimerFrame, type Frame } from './frame.js';

/** The timers of one stage of a running job. It owns the frames of those that have fired, until all that they led to is through. */
export class TimerLane {
  /** Its fragment takes due timers. */
  readonly plan: TimedStagePlan;
  readonly #frames = new Ring<Frame>();

  constructor(plan: TimedStagePlan) {
    this.plan = plan;
  }

  /** Whether the next look may find one that is due. */
  get isDue(): boolean {
    const { timers, clock } = this.plan;
    return timers.nextAt() <= clock.now;
  }

  /** Whether all that fired is complete. */
  get idle(): boolean {
    this.#forgetComplete();
    return this.#frames.size === 0;
  }

  /** Whether it has fired all that was set, and that is complete. */
  get finished(): boolean {
    return this.plan.timers.pending === 0 && this.idle;
  }

  /** A frame for timers that fire now, held by their processing. */
  track(due: readonly DueTimer[]): Frame {
    this.#forgetComplete();
    const frame = createTimerFrame(this.plan, due);
    this.#frames.push(frame);
    return frame;
  }

  #forgetComplete(): void {
    for (let frame = this.#frames.peek(); frame?.holds === 0; frame = this.#frames.peek()) this.#frames.shift();
  }
}
