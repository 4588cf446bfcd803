import { MillraceError } from '../../errors/millrace-error.js';
import { present } from '../../internal/present.js';
import type { FragmentRun } from '../../pipeline/compile/fragment/fragment.js';
import type { Custody } from './custody.js';
import { isWhole } from './lanes/frame.js';
import type { Processing, SourceLane } from './lanes/source-lane.js';
import type { TickLanes } from './lanes/tick-lanes.js';
import type { Portions } from './portions.js';
import { rejectItems } from './reject-items.js';
import type { Room } from './room.js';
import type { UnitGate } from './unit-gate.js';
import { userFunctionFailure } from './user-function-failure.js';

/** At most so many items make a frame, so that an acknowledgement is never held by a huge batch. */
const FRAME_ITEMS = 256;
/**
 * While so many outputs wait behind a source because nobody takes them, it is not polled: what stays with the source is given
 * up for the broker's second copy after a cut, what is already here becomes a duplicate.
 */
const WAITING_ITEMS = FRAME_ITEMS;
/** At most so many frames of one source are taken in one tick, so that sinks are flushed and sockets read in between. */
const FRAMES_PER_TICK = 16;

export interface IntakeOptions {
  /** Their sources are polled. */
  readonly lanes: TickLanes;
  /** Says which of them may work. */
  readonly gate: UnitGate;
  /** Says how far, and takes over what a run led to. */
  readonly custody: Custody;
  /** Bounds of what is in flight of all sources together. */
  readonly maxItemsInFlight: number;
  /** The same in bytes. */
  readonly maxBytesInFlight: number;
}

/**
 * Polls the sources and runs their inputs through the stages up to the first sink or mapAsync stage, while there is room.
 *
 * I1. What an input leads to is bounded before it is polled: by its share of the bounds, by what waits behind its source, by custody. The
 *     outputs of one input may overshoot it.
 * I2. An input that fails leaves nothing behind, or spoils the run (`UnitGate.fail`); its frame ends in front of it (`cutShort`), so that
 *     the next run begins with it.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #portions: ReadonlyMap<SourceLane, Portions>;
  #polling = true;
  #firstSource = 0;

  constructor(options: IntakeOptions) {
    const { lanes, custody } = options;
    this.#options = options;
    this.#portions = new Map(lanes.sources.map((lane) => [lane, custody.portions()]));
  }

  /** From now on nothing is polled; what is in flight goes its way. */
  stopPolling(): void {
    this.#polling = false;
  }

  /** Takes from every source, each time beginning with another. */
  take(): void {
    const { sources } = this.#options.lanes;
    for (let count = 0; count < sources.length; count += 1) {
      const lane = sources[(this.#firstSource + count) % sources.length];
      if (lane !== undefined) this.#take(lane);
    }
    this.#firstSource += 1;
  }

  /** Whether there is work for `take`: asked after the sinks were written to, since that makes room. */
  get hasWork(): boolean {
    return this.#options.lanes.sources.some((lane) => this.#couldTake(lane));
  }

  /** Takes frames of one source while there is room, up to its share of the tick. */
  #take(lane: SourceLane): void {
    if (!this.#options.gate.mayWork(lane) || !this.#process(lane)) return;
    for (let frames = 0; frames < FRAMES_PER_TICK; frames += 1) {
      if (!this.#poll(lane) || !this.#process(lane)) return;
    }
  }

  #couldTake(lane: SourceLane): boolean {
    const { gate, lanes, custody } = this.#options;
    if (!gate.mayWork(lane)) return false;
    if (lane.processing !== undefined) return custody.budget(lane) > 0;
    if (!this.#polling || lane.done || !lane.mayHaveItems) return false;
    if (lanes.waiting(lane.options.downstream) >= WAITING_ITEMS) return false;
    const room = this.#room(lane);
    return room.items > 0 && room.bytes > 0;
  }

  #poll(lane: SourceLane): boolean {
    if (!this.#couldTake(lane)) return false;
    const room = this.#room(lane);
    const { gate, lanes } = this.#options;
    const most = gate.careful && lane.mayBeWhole ? 1 : FRAME_ITEMS;
    gate.begin();
    try {
      const taken = lane.poll(Math.min(most, room.items), room.bytes);
      if (taken === undefined) return false;
      for (const { letter } of taken.polled.rejected) lanes.reject(lane.options.rejection, letter, taken.frame);
      return true;
    } catch (error) {
      gate.halt(MillraceError.from(error));
      return false;
    }
  }

  /** Goes on with the frame under way while there is room. True when nothing of it is left. */
  #process(lane: SourceLane): boolean {
    const { gate, custody } = this.#options;
    for (let { processing } = lane; processing !== undefined; { processing } = lane) {
      if (!gate.mayWork(lane)) return false;
      const budget = custody.budget(lane);
      if (budget <= 0 && processing.next < processing.items.length) return false;
      this.#run(lane, processing, budget);
      if (processing.paused) return false;
    }
    return true;
  }

  /** Runs the next inputs of a frame. What they lead to is in custody when this returns. */
  #run(lane: SourceLane, processing: Processing, budget: number): void {
    const { gate, lanes } = this.#options;
    const { frame, items, times, next: from, paused: wasPaused } = processing;
    const { fragment } = lane.options;
    const portions = this.#portionsOf(lane);
    const { inputs, outputs } = portions.next(budget);
    const whole = isWhole(frame, from);
    if (!whole && !wasPaused) gate.begin();
    const limits = { budget, pauseAfter: outputs };
    const run = fragment.run(whole ? items : upTo(items, from + inputs), from, limits, times);
    processing.next = run.next;
    processing.paused = run.paused;
    lanes.dispatch(fragment, frame, (index) => index);
    if (run.rejected.length > 0) rejectItems(lanes, run, { frame, originOf: (index) => index });
    const isThrough = !wasPaused && !run.paused && run.failure === undefined;
    const failed = portions.keep(isThrough ? run.next - from : 0, run.paused);
    if (run.failure !== undefined || failed !== undefined) {
      this.#fail(lane, processing, { run, failed, whole, from, wasPaused });
      return;
    }
    const done = run.next === items.length;
    const goesOn = run.paused || (whole && !done);
    gate.pass(lane, goesOn);
    if (!goesOn && !gate.end()) {
      processing.next = from;
      if (!whole) lane.cutShort();
      return;
    }
    if (!done) return;
    lane.processing = undefined;
    frame.holds -= 1;
  }

  #fail(lane: SourceLane, processing: Processing, { run, failed, whole, from, wasPaused }: FailedRun): void {
    const { gate } = this.#options;
    const at = { frame: processing.frame, origin: run.next };
    const leftNothing = failed === undefined && !whole && !wasPaused && run.failure?.touchedState === false;
    const error = failed ?? userFunctionFailure(run.failure?.stage ?? '', run.failure?.cause, at);
    if (failed !== undefined && gate.careful) processing.next = from;
    gate.fail(error, gate.careful || leftNothing);
    if (!whole) lane.cutShort();
  }

  /** Each source has an equal share of the bounds, so that one whose sink is stuck does not stop the others. */
  #room(lane: SourceLane): Room {
    const { lanes, custody, maxItemsInFlight, maxBytesInFlight } = this.#options;
    const { downstream } = lane.options;
    const shares = lanes.sources.length;
    lane.completeFrames();
    const most = custody.room();
    const items = Math.ceil(maxItemsInFlight / shares) - lane.inFlightItems;
    const bytes = Math.ceil(maxBytesInFlight / shares) - lane.inFlightBytes - lanes.heldBytes(downstream);
    return {
      items: Math.min(items, most.items, lanes.outputRoom(downstream)),
      bytes: Math.min(bytes, most.bytes),
    };
  }

  #portionsOf(lane: SourceLane): Portions {
    return present(this.#portions.get(lane), PORTIONED);
  }
}

/** A run in which an input failed, or what it led to. */
interface FailedRun {
  readonly run: FragmentRun;
  /** What a sink threw. */
  readonly failed: MillraceError | undefined;
  readonly whole: boolean;
  readonly from: number;
  readonly wasPaused: boolean;
}

const PORTIONED = 'each source has portions of its own';

/** The items in front of an index, without a copy where that is all of them. */
const upTo = (items: readonly unknown[], end: number): readonly unknown[] =>
  end >= items.length ? items : items.slice(0, end);
