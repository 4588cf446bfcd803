import { present } from '../../internal/present.js';
import { type InputTimes, NO_TIMES } from '../../pipeline/compile/steps/input-times.js';
import type { Custody } from './custody.js';
import type { CallLane } from './lanes/call-lane.js';
import type { Frame } from './lanes/frame.js';
import type { Slot } from './lanes/slot.js';
import type { TickLanes } from './lanes/tick-lanes.js';
import type { Portions } from './portions.js';
import { rejectItems } from './reject-items.js';
import type { UnitGate } from './unit-gate.js';
import { rejectedByStage, userFunctionFailure } from './user-function-failure.js';

/** Outputs of one result at once, where custody does not know better. */
const RESULT_OUTPUTS = 64;

/** Results of one frame on their way through the stages behind a mapAsync stage. */
interface Passing {
  readonly lane: CallLane;
  readonly slots: readonly Slot[];
  readonly values: readonly unknown[];
  readonly frame: Frame;
  readonly times: InputTimes;
  readonly portions: Portions;
  next: number;
  /** Result `next` has led to a part of its outputs. */
  paused: boolean;
}

export interface CallsOptions {
  /** Their stages have the calls. */
  readonly lanes: TickLanes;
  /** Says which of them may work. */
  readonly gate: UnitGate;
  /** Says how far. */
  readonly custody: Custody;
  /** Starts a mapAsync call; its end is told by setting `slot.settled` and waking the driver. */
  readonly startCall: (lane: CallLane, slot: Slot) => void;
}

/**
 * The calls of all mapAsync stages: starts those that may be, and runs what has settled through the stages behind, in order.
 *
 * Q1. A result is always taken while a commit has room for it: it is in memory anyway. No call is started whose result would have to wait.
 * Q2. Results of one frame pass together; a failed call fails the job at its item, or gives it up, after the results before it.
 */
export class Calls {
  readonly #options: CallsOptions;
  /** Results that are being run through the stages behind a mapAsync stage. */
  readonly #passing = new Map<CallLane, Passing>();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Takes what has settled. */
  takeResults(): void {
    for (const lane of this.#options.lanes.asyncStages) {
      while (this.#options.gate.mayWork(lane)) {
        const passing = this.#passing.get(lane) ?? this.#takeSettled(lane);
        if (passing === undefined || !this.#mayPassOn(passing)) break;
        if (!passing.paused && this.#isFull()) return;
        this.#passOn(passing);
        if (passing.paused) break;
        if (passing.next === passing.values.length) this.#passing.delete(lane);
        if (this.#isFull()) return;
      }
    }
  }

  /** Starts calls, of the last stages first: one that starts there makes room for those before it. */
  start(): void {
    const { lanes, gate, startCall } = this.#options;
    for (let index = lanes.asyncStages.length - 1; index >= 0 && gate.halted === undefined; index -= 1) {
      const lane = lanes.asyncStages[index];
      if (lane === undefined) continue;
      while (lanes.outputRoom(lane.plan.downstream) > 0) {
        const slot = lane.takeCall();
        if (slot === undefined) break;
        startCall(lane, slot);
      }
    }
  }

  /** Whether results that were taken could go on now. */
  get hasWork(): boolean {
    const { gate } = this.#options;
    for (const passing of this.#passing.values()) {
      if (gate.mayWork(passing.lane) && this.#mayPassOn(passing) && (passing.paused || !this.#isFull())) return true;
    }
    return false;
  }

  #takeSettled(lane: CallLane): Passing | undefined {
    if (this.#isFull()) return undefined;
    const slots = lane.takeSettled();
    const [first] = slots;
    if (first === undefined) return undefined;
    const values = slots.flatMap(({ settled }) => (settled?.kind === 'value' ? [settled.value] : []));
    const portions = this.#options.custody.portions();
    const passing: Passing = {
      lane,
      slots,
      values,
      frame: first.frame,
      times: timesOf(lane, slots),
      next: 0,
      paused: false,
      portions,
    };
    this.#passing.set(lane, passing);
    return passing;
  }

  /** A result is always taken; one that leads to much goes on as there is room. */
  #mayPassOn({ lane, paused }: Passing): boolean {
    return !paused || this.#options.custody.midwayRoom(lane.plan.downstream) > 0;
  }

  #isFull(): boolean {
    const { items, bytes } = this.#options.custody.room();
    return items <= 0 || bytes <= 0;
  }

  /** Runs results of one frame through the stages behind a mapAsync stage; carefully each by itself. */
  #passOn(passing: Passing): void {
    const { lane, slots, values, frame, times, portions, next: from, paused: wasPaused } = passing;
    const { gate, lanes } = this.#options;
    const { fragment, name } = lane.plan;
    if (!wasPaused) gate.begin();
    const items = gate.careful ? values.slice(0, from + 1) : values;
    const { outputs } = portions.next(RESULT_OUTPUTS);
    const run = fragment.run(items, from, { budget: Number.POSITIVE_INFINITY, pauseAfter: outputs }, times);
    const originOf = (index: number): number => present(slots[index], RESULT).origin;
    lanes.dispatch(fragment, frame, originOf);
    if (run.rejected.length > 0) rejectItems(lanes, run, { frame, originOf });
    passing.next = run.next;
    passing.paused = run.paused;
    const failed = portions.keep(0, run.paused);
    if (run.failure !== undefined || failed !== undefined) {
      const { stage, cause, touchedState } = run.failure ?? { stage: name, cause: failed, touchedState: true };
      const undoable = gate.careful || !(touchedState || wasPaused);
      // completed before it; where it cannot be undone nothing since the last commit is stored
      if (run.failure !== undefined) frame.holds -= run.next - from;
      gate.fail(failed ?? userFunctionFailure(stage, cause, slots[run.next] ?? { frame, origin: 0 }), undoable);
      return;
    }
    gate.pass(lane, run.paused);
    if (!run.paused && !gate.end()) return;
    frame.holds -= run.next - from;
    // in the middle of one those before it are through since it was begun: ended once more, they would take all that wait with them
    if (!run.paused && run.next > from) endTime(lane, slots[run.next - 1]);
    const slot = slots[run.next];
    if (run.next < values.length || slot === undefined) return;
    this.#passing.delete(lane);
    this.#failed(lane, slot, portions);
  }

  /** A call that has failed: its item alone is given up, or the job fails at it. */
  #failed(lane: CallLane, slot: Slot, portions: Portions): void {
    const { gate, lanes } = this.#options;
    const { vertex, name } = lane.plan;
    const { cause, attempt } = failureOf(slot);
    if (!lanes.rejects(vertex)) {
      gate.halt(userFunctionFailure(name, cause, slot));
      return;
    }
    gate.begin();
    const error = rejectedByStage(name, cause, slot);
    lanes.rejectItem(vertex, { item: slot.item, error, attempt, origin: name }, slot.frame);
    const failed = portions.keep(0, false);
    if (failed !== undefined) gate.fail(failed, gate.careful);
    else if (gate.end()) {
      slot.frame.holds -= 1;
      endTime(lane, slot);
    }
  }
}

const RESULT = 'a result that is passed on has the call that it came from';

const timesOf = ({ plan: { pending } }: CallLane, slots: readonly Slot[]): InputTimes =>
  pending === undefined ? NO_TIMES : { ...NO_TIMES, items: slots.flatMap(({ time }) => time ?? []) };

/** The item of this call is through, and those before it. */
const endTime = ({ plan: { pending } }: CallLane, slot: Slot | undefined): void => {
  if (slot?.time !== undefined) pending?.end(slot.time);
};

const failureOf = ({ settled }: Slot): { readonly cause: unknown; readonly attempt: number } =>
  settled?.kind === 'error' ? settled : { cause: undefined, attempt: 1 };
