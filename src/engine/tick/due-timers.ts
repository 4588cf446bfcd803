import { present } from '../../internal/present.js';
import type { FragmentRun } from '../../pipeline/compile/fragment/fragment.js';
import type { DueTimer } from '../../pipeline/timers/stage-timers.js';
import type { Custody } from './custody.js';
import type { Frame } from './lanes/frame.js';
import type { TickLanes } from './lanes/tick-lanes.js';
import type { TimerLane } from './lanes/timer-lane.js';
import type { Portions } from './portions.js';
import { rejectItems } from './reject-items.js';
import type { UnitGate } from './unit-gate.js';
import { userFunctionFailure } from './user-function-failure.js';

/** At most so many keys are looked at together. */
const LOOK_KEYS = 256;
/** At most so many looks at one stage in one tick, so that sinks are flushed and sockets read in between. */
const LOOKS_PER_TICK = 16;

/** Due timers on their way through the stages behind theirs. */
interface Firing {
  readonly due: readonly DueTimer[];
  readonly frame: Frame;
  next: number;
}

export interface DueTimersOptions {
  /** Their stages have the timers. */
  readonly lanes: TickLanes;
  /** Says which of them may work. */
  readonly gate: UnitGate;
  /** Says how far, and takes over what a run led to. */
  readonly custody: Custody;
}

/**
 * Fires the timers that are due, each as an input of its own.
 *
 * TM9. A timer fires where an input could be taken: within the room behind its stage, and of the next commit. Until then it stays set.
 * TM10. A timer is cleared, what it led to is in custody, and what it changed is in the state, by one commit or by none.
 */
export class DueTimers {
  readonly #options: DueTimersOptions;
  readonly #portions: ReadonlyMap<TimerLane, Portions>;
  /** Of which the first has led to a part of its outputs. */
  readonly #paused = new Map<TimerLane, Firing>();
  #stopped = false;

  constructor(options: DueTimersOptions) {
    const { lanes, custody } = options;
    this.#options = options;
    this.#portions = new Map(lanes.timedStages.map((lane) => [lane, custody.portions()]));
  }

  /** From now on none is begun. */
  stop(): void {
    this.#stopped = true;
  }

  /** Fires what is due. */
  fire(): void {
    for (const lane of this.#options.lanes.timedStages) {
      for (let looks = 0; looks < LOOKS_PER_TICK && this.#couldFire(lane); looks += 1) this.#look(lane);
    }
  }

  /** Whether there is work for `fire`: asked after the sinks were written to, since that makes room. */
  get hasWork(): boolean {
    return this.#options.lanes.timedStages.some((lane) => this.#couldFire(lane));
  }

  /** When one by the machine's clock will be due; Infinity for none. What is due already waits for room, and not for time. */
  get deadline(): number {
    let deadline = Number.POSITIVE_INFINITY;
    if (this.#stopped || this.#options.gate.halted !== undefined) return deadline;
    for (const { plan } of this.#options.lanes.timedStages) {
      const at = plan.clockKind === 'processing' ? plan.timers.nextAt() : Number.POSITIVE_INFINITY;
      if (at > plan.clock.now) deadline = Math.min(deadline, at);
    }
    return deadline;
  }

  #couldFire(lane: TimerLane): boolean {
    const { gate, custody } = this.#options;
    if (!gate.mayWork(lane)) return false;
    const { downstream } = lane.plan;
    if (this.#paused.has(lane)) return custody.midwayRoom(downstream) > 0;
    return !this.#stopped && lane.isDue && custody.dueRoom(downstream) > 0;
  }

  #look(lane: TimerLane): void {
    const { gate, custody } = this.#options;
    const { timers, clock, downstream } = lane.plan;
    const paused = this.#paused.get(lane);
    if (paused !== undefined) {
      this.#run(lane, paused, 0);
      return;
    }
    const room = custody.dueRoom(downstream);
    const { inputs } = this.#portionsOf(lane).next(room);
    gate.begin();
    const due = timers.due(clock.now, Math.min(LOOK_KEYS, inputs));
    // those that were moved to their time belong into a commit all the same
    if (due.length === 0) gate.end();
    else this.#run(lane, { due, frame: lane.track(due), next: 0 }, room);
  }

  /** Runs some of them. What is left stays set, and is found by the next look. */
  #run(lane: TimerLane, firing: Firing, room: number): void {
    const { gate, lanes } = this.#options;
    const { due, frame, next: from } = firing;
    const { fragment } = lane.plan;
    const wasPaused = this.#paused.delete(lane);
    const portions = this.#portionsOf(lane);
    const { outputs } = portions.next(room);
    const run = fragment.run(due, from, { budget: room, pauseAfter: outputs });
    const originOf = (index: number): number => index;
    lanes.dispatch(fragment, frame, originOf);
    if (run.rejected.length > 0) rejectItems(lanes, run, { frame, originOf });
    const isThrough = !wasPaused && !run.paused && run.failure === undefined;
    const failed = portions.keep(isThrough ? run.next - from : 0, run.paused);
    if (run.failure !== undefined || failed !== undefined) {
      this.#fail(frame, run, failed);
      return;
    }
    gate.pass(lane, run.paused);
    if (!run.paused) lane.plan.firing?.end();
    if (run.paused) this.#paused.set(lane, { due, frame, next: run.next });
    else if (gate.end()) frame.holds -= 1;
  }

  /** It was cleared before its function was called, so nothing of it may be committed but where all of it is undone. */
  #fail(frame: Frame, run: FragmentRun, failed: ReturnType<Portions['keep']>): void {
    const { gate } = this.#options;
    const { stage, cause } = run.failure ?? { stage: '', cause: undefined };
    gate.fail(failed ?? userFunctionFailure(stage, cause, { frame, origin: run.next }), gate.careful);
  }

  #portionsOf(lane: TimerLane): Portions {
    return present(this.#portions.get(lane), PORTIONED);
  }
}

const PORTIONED = 'each stage with timers has portions of its own';
