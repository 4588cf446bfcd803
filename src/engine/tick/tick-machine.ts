import type { DeadLetter } from '../../connector/dead-letter.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { present } from '../../internal/present.js';
import type { Fragment } from '../../pipeline/compile/fragment.js';
import type { Downstream } from '../../pipeline/compile/pipeline-plan.js';
import type { CallLane } from './call-lane.js';
import { CommitPace, MOST_OUTPUTS } from './commit-pace.js';
import type { Frame } from './frame.js';
import type { JobTallies } from './job-tallies.js';
import type { OutputLane } from './output-lane.js';
import type { RefusedOutput } from './refused-output.js';
import type { Rejection } from './rejection.js';
import type { Room } from './room.js';
import type { Slot } from './slot.js';
import type { Processing, SourceLane, SourceMark } from './source-lane.js';
import type { Unit } from './unit.js';
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

/** Results of one frame on their way through the stages behind a mapAsync stage. */
interface Passing {
  readonly lane: CallLane;
  readonly slots: readonly Slot[];
  readonly values: readonly unknown[];
  readonly frame: Frame;
  readonly pace: CommitPace;
  next: number;
  /** Result `next` has led to a part of its outputs. */
  paused: boolean;
}

export interface TickMachineOptions {
  readonly sources: readonly SourceLane[];
  readonly asyncStages: readonly CallLane[];
  /** The sinks of the pipeline and behind them the dead-letter sinks. */
  readonly sinks: readonly OutputLane[];
  readonly maxItemsInFlight: number;
  readonly maxBytesInFlight: number;
  /** The guarantee `none`: inputs are acknowledged when they are taken. */
  readonly acknowledgeOnReceipt: boolean;
  /** In a durable job: how much more may wait for the next commit. */
  readonly commitRoom?: () => Room;
  /** In a durable job: whether an input that is under way may lead to more before what it has led to is stored. */
  readonly stageRoom?: () => boolean;
  /** What a failing item undoes. */
  readonly unit: Unit;
  readonly tallies: JobTallies;
  /** Starts a mapAsync call; its end is told by setting `slot.settled` and waking the driver. */
  readonly startCall: (lane: CallLane, slot: Slot) => void;
}

/**
 * One partition of a job: the tick of the architecture, without a store and without a clock, promise or socket. In a job without
 * a store the driver calls `tick`, then `takeMarks`, then tells the sources that those marks hold. In a durable job
 * `DurableTick` commits between the two.
 *
 * Invariant 1, here: an input is acknowledged only after everything it led to, dead letters included, is confirmed by its
 * destination, or stored. (With the guarantee `none` it is acknowledged on receipt, as that guarantee says.)
 *
 * Invariant 2, here: a source is acknowledged up to a watermark, which passes whole frames in order. What is acknowledged
 * is a prefix of what was polled, and no input is ever acknowledged in part.
 *
 * Invariant 3, here: in a durable job one unit is under way at a time (`#open`), and nothing is committed in the middle of it: an input
 * that leads to a million outputs takes many ticks.
 *
 * Back-pressure stops polling, and the start of mapAsync calls whose results would have to wait. It stops nothing else: what
 * sinks and calls report is always taken, so a full machine can always drain.
 */
export class TickMachine {
  readonly #options: TickMachineOptions;
  #polling = true;
  #halted: MillraceError | undefined;
  #spoilt = false;
  #firstSource = 0;
  /** Whose input is under way, in a durable job: something of it is not done, or can still be undone. */
  #open: SourceLane | CallLane | undefined;
  /** Results that are being run through the stages behind a mapAsync stage. */
  readonly #passing = new Map<CallLane, Passing>();

  constructor(options: TickMachineOptions) {
    this.#options = options;
  }

  /** Set when an item failed the job: nothing is processed from then on, what was written before is still delivered. */
  get halted(): MillraceError | undefined {
    return this.#halted;
  }

  /**
   * What happened since the last commit must not be committed: a function failed in the middle of it. In a durable job all of
   * it happens again after a restart.
   */
  get spoilt(): boolean {
    return this.#spoilt;
  }

  /** Whether an input is under way, in a durable job: what it did so far must not be committed. */
  get midUnit(): boolean {
    return this.#open !== undefined;
  }

  /** What happened since the last commit must not be committed, because a part of it cannot be. */
  spoil(error: MillraceError): void {
    this.#spoilt = true;
    this.halt(error);
  }

  /** Whether every input that was taken is complete. */
  get idle(): boolean {
    return this.#options.sources.every((lane) => lane.idle);
  }

  /** Whether all sources have ended and all is complete. */
  get finished(): boolean {
    const { sources, asyncStages } = this.#options;
    return sources.every((lane) => lane.done && lane.idle) && asyncStages.every((lane) => lane.idle);
  }

  /** Whether the sinks have delivered everything they were given. */
  get quiet(): boolean {
    return this.#options.sinks.every((lane) => lane.quiet);
  }

  get inFlightItems(): number {
    return this.#options.sources.reduce((sum, lane) => sum + lane.inFlightItems, 0);
  }

  get inFlightBytes(): number {
    return this.#options.sources.reduce((sum, lane) => sum + lane.inFlightBytes, 0);
  }

  /** Outputs that no sink has taken yet and items that wait for a mapAsync call. */
  get waitingItems(): number {
    const { sinks, asyncStages } = this.#options;
    return [...sinks, ...asyncStages].reduce((sum, lane) => sum + lane.waiting, 0);
  }

  /** From now on nothing is polled; what is in flight goes its way. */
  stopPolling(): void {
    this.#polling = false;
  }

  /** Fails the job at an item, or because a source has failed. */
  halt(error: MillraceError): void {
    this.#halted ??= error;
  }

  /** One round. True when another would find more to do at once. @throws what a sink throws: the sink has failed then */
  tick(): boolean {
    this.#takeProgress();
    this.#takeResults();
    this.#intake();
    this.#write();
    for (const lane of this.#options.sinks) lane.flush();
    this.#startCalls();
    return this.#options.sources.some((lane) => this.#couldTake(lane)) || this.#couldPassOn();
  }

  /** For each source that has something new: up to where it may acknowledge. */
  takeMarks(): readonly SourceMark[] {
    return this.#options.sources.flatMap((lane) => lane.takeMark(this.#options.acknowledgeOnReceipt) ?? []);
  }

  /** In a durable job: what an outbox was refused by its destination goes where the sink says, before this returns. */
  rejectStored(refused: readonly RefusedOutput[]): void {
    for (const { rejection, letter } of refused) this.#reject(rejection, letter, undefined);
    this.#write();
  }

  /** In a durable job nothing is left to be written: a letter may have its own, for a sink that was asked before. */
  #write(): void {
    const { sinks, commitRoom } = this.#options;
    for (let rounds = commitRoom === undefined ? 1 : sinks.length; rounds > 0; rounds -= 1) {
      for (const lane of sinks) lane.write((letter, frame) => this.#reject(lane.rejection, letter, frame));
      if (sinks.every(({ waiting }) => waiting === 0)) return;
    }
  }

  #takeProgress(): void {
    for (const lane of this.#options.sinks) {
      lane.takeProgress((letter, frame) => this.#reject(lane.rejection, letter, frame));
    }
  }

  #takeResults(): void {
    for (const lane of this.#options.asyncStages) {
      while (this.#mayWork(lane)) {
        const passing = this.#passing.get(lane) ?? this.#takeSettled(lane);
        if (passing === undefined || !this.#mayPassOn(passing)) break;
        if (!passing.paused && this.#commitIsFull()) return;
        this.#passOn(passing);
        if (passing.paused) break;
        if (passing.next === passing.values.length) this.#passing.delete(lane);
        if (this.#commitIsFull()) return;
      }
    }
  }

  #takeSettled(lane: CallLane): Passing | undefined {
    if (this.#commitIsFull()) return undefined;
    const slots = lane.takeSettled();
    const [first] = slots;
    if (first === undefined) return undefined;
    const values = slots.flatMap(({ settled }) => (settled?.kind === 'value' ? [settled.value] : []));
    const passing: Passing = {
      lane,
      slots,
      values,
      frame: first.frame,
      next: 0,
      paused: false,
      pace: new CommitPace(),
    };
    this.#passing.set(lane, passing);
    return passing;
  }

  /** A result is always taken; one that leads to much goes on as there is room. */
  #mayPassOn({ lane, paused }: Passing): boolean {
    if (!paused) return true;
    const { commitRoom, stageRoom } = this.#options;
    return commitRoom === undefined ? this.#outputRoom(lane.plan.downstream) > 0 : stageRoom?.() !== false;
  }

  #couldPassOn(): boolean {
    for (const passing of this.#passing.values()) {
      if (this.#mayWork(passing.lane) && this.#mayPassOn(passing) && (passing.paused || !this.#commitIsFull()))
        return true;
    }
    return false;
  }

  /** Runs results of one frame through the stages behind a mapAsync stage; carefully each by itself. */
  #passOn(passing: Passing): void {
    const { lane, slots, values, frame, pace } = passing;
    const { unit } = this.#options;
    const { fragment, name } = lane.plan;
    const from = passing.next;
    const wasPaused = passing.paused;
    if (unit.on && !wasPaused) unit.begin();
    const items = unit.on ? values.slice(0, from + 1) : values;
    const run = fragment.run(items, from, { budget: Number.POSITIVE_INFINITY, pauseAfter: pace.outputs });
    this.#dispatch(fragment, frame, (index) => present(slots[index], RESULT).origin);
    passing.next = run.next;
    passing.paused = run.paused;
    const failed = this.#store(pace, run.paused);
    if (run.failure !== undefined || failed !== undefined) {
      const { stage, cause, touchedState } = run.failure ?? { stage: name, cause: failed, touchedState: true };
      const undoable = unit.on || !(touchedState || wasPaused);
      // completed before it; where it cannot be undone nothing since the last commit is stored
      if (run.failure !== undefined) frame.holds -= run.next - from;
      this.#failItem(failed ?? userFunctionFailure(stage, cause, slots[run.next] ?? { frame, origin: 0 }), undoable);
      return;
    }
    this.#open = this.#options.commitRoom !== undefined && run.paused ? lane : undefined;
    if (!run.paused && !this.#endUnit()) return;
    frame.holds -= run.next - from;
    const slot = slots[run.next];
    if (run.next < values.length || slot === undefined) return;
    this.#passing.delete(lane);
    this.halt(userFunctionFailure(name, causeOf(slot), slot));
  }

  #intake(): void {
    const { sources } = this.#options;
    for (let count = 0; count < sources.length; count += 1) {
      const lane = sources[(this.#firstSource + count) % sources.length];
      if (lane !== undefined) this.#take(lane);
    }
    this.#firstSource += 1;
  }

  /** Takes frames of one source while there is room, up to its share of the tick. */
  #take(lane: SourceLane): void {
    if (!this.#mayWork(lane) || !this.#process(lane)) return;
    for (let frames = 0; frames < FRAMES_PER_TICK; frames += 1) {
      if (!this.#poll(lane) || !this.#process(lane)) return;
    }
  }

  /** Whether there is work for `#take`: asked after the sinks were written to, since that makes room. */
  #couldTake(lane: SourceLane): boolean {
    if (!this.#mayWork(lane)) return false;
    if (lane.processing !== undefined) return this.#budget(lane) > 0;
    if (!this.#polling || lane.done || !lane.mayHaveItems) return false;
    if (this.#waiting(lane.options.downstream) >= WAITING_ITEMS) return false;
    const room = this.#room(lane);
    return room.items > 0 && room.bytes > 0;
  }

  #poll(lane: SourceLane): boolean {
    if (!this.#couldTake(lane)) return false;
    const room = this.#room(lane);
    const { unit } = this.#options;
    const most = unit.on && lane.mayBeWhole ? 1 : FRAME_ITEMS;
    if (unit.on) unit.begin();
    try {
      const taken = lane.poll(Math.min(most, room.items), room.bytes);
      if (taken === undefined) return false;
      for (const { letter } of taken.polled.rejected) this.#reject(lane.options.rejection, letter, taken.frame);
      return true;
    } catch (error) {
      this.halt(MillraceError.from(error));
      return false;
    }
  }

  /** Goes on with the frame under way while there is room. True when there is none left. */
  #process(lane: SourceLane): boolean {
    for (let { processing } = lane; processing !== undefined; { processing } = lane) {
      if (!this.#mayWork(lane)) return false;
      const budget = this.#budget(lane);
      if (budget <= 0 && processing.next < processing.items.length) return false;
      this.#run(lane, processing, budget);
      if (processing.paused) return false;
    }
    return true;
  }

  /** Runs the next inputs of a frame. In a durable job what they lead to is a part of the next commit when this returns. */
  #run(lane: SourceLane, processing: Processing, budget: number): void {
    const { commitRoom, unit } = this.#options;
    const { frame, next: from, paused: wasPaused } = processing;
    const { pace, options } = lane;
    const { fragment } = options;
    const before = commitRoom?.();
    const whole = isWhole(frame, from);
    if (unit.on && !whole && !wasPaused) unit.begin();
    const inputs = unit.on ? 1 : before === undefined ? Number.POSITIVE_INFINITY : pace.inputs(before);
    const items = before === undefined || whole ? processing.items : processing.items.slice(0, from + inputs);
    const pauseAfter = before === undefined ? Math.min(budget, MOST_OUTPUTS) : pace.outputs;
    const run = fragment.run(items, from, { budget, pauseAfter: Math.max(1, pauseAfter) });
    processing.next = run.next;
    processing.paused = run.paused;
    this.#dispatch(fragment, frame, (index) => index);
    const failed = this.#store(pace, run.paused);
    if (run.failure !== undefined || failed !== undefined) {
      const at = { frame, origin: run.next };
      const undoable = unit.on || (failed === undefined && !whole && !wasPaused && run.failure?.touchedState === false);
      const error = failed ?? userFunctionFailure(run.failure?.stage ?? '', run.failure?.cause, at);
      if (failed !== undefined && unit.on) processing.next = from;
      this.#failItem(error, undoable);
      if (!whole) lane.cutShort();
      return;
    }
    const done = run.next === processing.items.length;
    this.#open = commitRoom !== undefined && (run.paused || (whole && !done)) ? lane : undefined;
    if (before !== undefined && commitRoom !== undefined && !wasPaused && !run.paused) {
      pace.learn(run.next - from, before.bytes - commitRoom().bytes);
    }
    if (this.#open === undefined && !this.#endUnit()) {
      processing.next = from;
      if (!whole) lane.cutShort();
      return;
    }
    if (!done) return;
    lane.processing = undefined;
    frame.holds -= 1;
  }

  /** In a durable job: makes rows of what a run has led to. What a sink throws at an item is the item's failure. */
  #store(pace: CommitPace, paused: boolean): MillraceError | undefined {
    const { commitRoom } = this.#options;
    if (commitRoom === undefined) return undefined;
    const before = paused ? commitRoom().bytes : 0;
    try {
      this.#write();
    } catch (error) {
      return MillraceError.from(error);
    }
    if (paused) pace.learnOutputs(before - commitRoom().bytes);
    return undefined;
  }

  /** False when the unit cannot be stored: then it has failed the job. */
  #endUnit(): boolean {
    const { unit } = this.#options;
    if (!unit.on) return true;
    try {
      unit.end();
      return true;
    } catch (error) {
      this.#failItem(MillraceError.from(error), true);
      return false;
    }
  }

  /** An item fails the job. What was done before it stays where the item's own traces can be undone, or it has left none. */
  #failItem(error: MillraceError, undoable: boolean): void {
    const { unit } = this.#options;
    this.#open = undefined;
    if (undoable && unit.on) unit.undo();
    if (undoable) this.halt(error);
    else this.spoil(error);
  }

  /** One unit is under way at a time; it comes to its end though another part has failed. */
  #mayWork(lane: SourceLane | CallLane): boolean {
    return this.#open === undefined ? this.#halted === undefined : this.#open === lane;
  }

  /** Moves what a run has left in the outlets to the lanes, which hold the frame from then on. */
  #dispatch(fragment: Fragment, frame: Frame, originOf: (index: number) => number): void {
    for (const outlet of fragment.outlets) {
      const { target, items, origins } = outlet;
      if (items.length === 0) continue;
      outlet.items = [];
      outlet.origins = [];
      if (target.kind === 'sink') this.#sink(target.index).enqueue(items, frame);
      else this.#stage(target.index).enqueue(items, origins.map(originOf), frame);
    }
  }

  /** The last stages first: a call that starts there makes room for those before it. */
  #startCalls(): void {
    const { asyncStages } = this.#options;
    for (let index = asyncStages.length - 1; index >= 0 && this.#halted === undefined; index -= 1) {
      const lane = asyncStages[index];
      if (lane === undefined) continue;
      while (this.#outputRoom(lane.plan.downstream) > 0) {
        const slot = lane.takeCall();
        if (slot === undefined) break;
        this.#options.startCall(lane, slot);
      }
    }
  }

  /** A frame of which an item failed the job is held for ever. */
  #reject(rejection: Rejection, letter: DeadLetter, frame: Frame | undefined): void {
    switch (rejection.kind) {
      case 'fail':
        if (frame !== undefined) frame.holds += 1;
        this.spoil(letter.error);
        break;
      case 'skip':
        this.#options.tallies.skipped.add();
        break;
      case 'deadLetter':
        this.#options.tallies.deadLettered.add();
        this.#sink(rejection.sink).enqueue([letter], frame);
        break;
    }
  }

  /** Each source has an equal share of the bounds, so that one whose sink is stuck does not stop the others. */
  #room(lane: SourceLane): Room {
    const { sources, maxItemsInFlight, maxBytesInFlight, commitRoom } = this.#options;
    lane.completeFrames();
    const { items: itemsToCommit, bytes: bytesToCommit } = commitRoom?.() ?? UNBOUNDED;
    const items = Math.ceil(maxItemsInFlight / sources.length) - lane.inFlightItems;
    const bytes = Math.ceil(maxBytesInFlight / sources.length) - lane.inFlightBytes;
    const room = Math.min(items, itemsToCommit, this.#outputRoom(lane.options.downstream));
    return { items: room, bytes: Math.min(bytes - this.#heldBytes(lane.options.downstream), bytesToCommit) };
  }

  /**
   * How many outputs the frame under way may lead to now. A commit covers inputs one by one only where that is possible: otherwise the
   * frame is run as a whole.
   */
  #budget({ processing, options: { downstream } }: SourceLane): number {
    const { commitRoom } = this.#options;
    if (commitRoom === undefined || processing === undefined) return this.#outputRoom(downstream);
    if (processing.paused) return this.#options.stageRoom?.() === false ? 0 : Number.POSITIVE_INFINITY;
    if (isWhole(processing.frame, processing.next)) return Number.POSITIVE_INFINITY;
    const { items, bytes } = commitRoom();
    const tooMuch = bytes <= 0 || this.#heldBytes(downstream) >= this.#options.maxBytesInFlight;
    return tooMuch ? 0 : Math.min(items, this.#outputRoom(downstream));
  }

  #commitIsFull(): boolean {
    const room = this.#options.commitRoom?.();
    return room !== undefined && (room.items <= 0 || room.bytes <= 0);
  }

  /** How many more outputs may wait in the lanes behind a source or stage. */
  #outputRoom(downstream: Downstream): number {
    let room = this.#options.maxItemsInFlight - this.#waiting(downstream);
    for (const index of downstream.sinks) room = Math.min(room, this.#sink(index).room);
    return room;
  }

  #heldBytes({ asyncStages }: Downstream): number {
    return asyncStages.reduce((sum, index) => sum + this.#stage(index).heldBytes, 0);
  }

  #waiting({ sinks, asyncStages }: Downstream): number {
    let waiting = 0;
    for (const index of sinks) waiting += this.#sink(index).waiting;
    for (const index of asyncStages) waiting += this.#stage(index).waiting;
    return waiting;
  }

  #sink(index: number): OutputLane {
    return present(this.#options.sinks[index], SINK);
  }

  #stage(index: number): CallLane {
    return present(this.#options.asyncStages[index], STAGE);
  }
}

const RESULT = 'a result that is passed on has the call that it came from';
const SINK = 'a plan names only sinks that have a lane';
const STAGE = 'a plan names only mapAsync stages that have a lane';

const UNBOUNDED: Room = { items: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** Whether a frame can only be committed as a whole: the position of its items, or what the poll did with each, is not known. */
const isWhole = (frame: Frame, next: number): boolean => frame.whole || frame.positionOf(next) === undefined;

const causeOf = ({ settled }: Slot): unknown => (settled?.kind === 'error' ? settled.cause : undefined);
