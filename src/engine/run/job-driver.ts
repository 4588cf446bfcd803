import { MillraceError } from '../../errors/millrace-error.js';
import { DeadlineTimer } from '../../internal/waiting/deadline-timer.js';
import { WakeUpLatch } from '../../internal/wake-up-latch.js';
import type { Custody } from '../tick/custody.js';
import type { CallLane } from '../tick/lanes/call-lane.js';
import type { Slot } from '../tick/lanes/slot.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { TickMachine } from '../tick/tick-machine.js';
import { PortSignals } from './port-signals.js';
import type { StageCalls } from './stage-calls.js';
import { type ClockWatcher, WallClock } from './wall-clock.js';

/** How a run ended without a failure. */
export type RunOutcome = 'ended' | 'drained' | 'drain-timed-out';

export interface JobDriverOptions {
  /** Has not ticked yet. */
  readonly machine: TickMachine;
  /** That of the machine. */
  readonly custody: Custody;
  /** Those of the machine. */
  readonly lanes: TickLanes;
  /** Makes the calls of the mapAsync stages. */
  readonly calls: StageCalls;
  /** How long what is in flight may take to be delivered once polling has stopped. */
  readonly drainTimeoutMs: number;
  /** `atEnd` has become true. */
  readonly onEnd: () => void;
  /** Is told that the clock of the machine was set. */
  readonly clockWatcher: ClockWatcher;
}

/** The loop gives way to sockets and timers after so long. */
const SLICE_MS = 5;
/** While a timer is set, the clock is looked at so often at least. */
const CLOCK_LOOK_MS = 60_000;
/** What comes while nothing can be concluded is taken with what comes meanwhile: so long after it at the latest. */
const GATHER_MS = 1;
/** Where a tick takes longer, a commit under way is time to be used. */
const SHORT_TICK_MS = 0.25;

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Drives a tick machine: sleeps until a source, a sink, a mapAsync call or a commit has something to say, ticks, and has the custody
 * conclude the tick. It owns the wake-ups of a run and its end, and nothing of the work.
 *
 * A turn of the loop: `tick`; `conclude`, whose commit goes on by itself; `PortSignals` asks each port for its next `ready`; then the end is
 * looked for, else the loop gives way to sockets, where its slice of time is over, and sleeps, unless the machine has more to do at once.
 *
 * J1. `run` is called once, and `call` by the machine amid `tick`. `drain` and `stop` may be called at any time, also before `run` and by a
 *     user function in the middle of a tick: they note what is asked (a drain also stops polling), and wake the loop.
 * J2. There is at most one `ready` and one `whenDirty` promise of each port at a time, and no timer but that of a drain, that of
 *     what waits for its commit (completions for another reason, all for answers that belong into it), and that of the next due timer of a stage.
 * J3. At most one commit is under way, since `conclude` gives none before `handleCommitted`; after `stop` none is answered any more.
 *     One of `ready` that brings items while nothing can be concluded (`Custody.holding`) wakes nobody: they are taken when that ends.
 * J4. A run that was halted drains: what was written before the failure is brought to its end, as far as the custody says, and then the
 *     first failure is the run's, whatever fails while that goes on.
 */
export class JobDriver {
  readonly #machine: TickMachine;
  readonly #custody: Custody;
  readonly #lanes: TickLanes;
  readonly #calls: StageCalls;
  readonly #commitTimer = new DeadlineTimer(() => this.#latch.wake());
  readonly #dueTimer = new DeadlineTimer(() => this.#latch.wake());
  readonly #clock: WallClock;
  readonly #latch = new WakeUpLatch();
  readonly #signals: PortSignals;
  /** What ends the run whatever is under way; the first one is the reason. */
  #stopped: MillraceError | undefined;
  readonly #drainTimeoutMs: number;
  readonly #onEnd: () => void;
  #atEnd = false;
  /** Set from the first `drain` on: that a run drains is told by it. */
  #drainTimer: NodeJS.Timeout | undefined;
  /** Noted by the timer, seen in the next turn: the loop alone ends a run. */
  #drainTimedOut = false;
  /** By `performance.now()`: when the loop last came back from the sockets. */
  #sliceStartMs = 0;
  /** What the last turn took. */
  #turnMs = 0;

  constructor({ machine, custody, lanes, calls, drainTimeoutMs, onEnd, clockWatcher }: JobDriverOptions) {
    this.#clock = new WallClock(clockWatcher);
    this.#machine = machine;
    this.#custody = custody;
    this.#lanes = lanes;
    this.#calls = calls;
    this.#drainTimeoutMs = drainTimeoutMs;
    this.#onEnd = onEnd;
    this.#signals = new PortSignals(lanes, custody, {
      onItems: () => this.#wakeForItems(),
      onWork: () => this.#latch.wake(),
      onSourceFailed: (error) => {
        // what it gave before is still delivered
        this.#machine.halt(error);
        this.#latch.wake();
      },
      // a drain would wait for what it never delivers
      onSinkFailed: (error) => this.#stopFor(error),
    });
  }

  /** All has come that is known to come, and is delivered; the run goes on, for a source of it may as well. */
  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Runs until the sources end, a drain is over, or the job fails: then it rejects. Call once. */
  async run(): Promise<RunOutcome> {
    this.#sliceStartMs = performance.now();
    this.#signals.watch();
    try {
      return await this.#loop();
    } catch (error) {
      // a sink may fail while what was written before a failure is drained: the first failure is the reason
      throw this.#stopped ?? this.#machine.halted ?? error;
    } finally {
      clearTimeout(this.#drainTimer);
      this.#commitTimer.stop();
      this.#dueTimer.stop();
    }
  }

  /**
   * Stops polling and ends the run when everything in flight is delivered and acknowledged, or after the drain timeout. In a
   * durable job it need not be delivered: it is in the outbox.
   */
  drain(): void {
    // a second one must not give what is in flight the whole time once more
    if (this.#drainTimer !== undefined) return;
    this.#machine.stopPolling();
    this.#drainTimer = setTimeout(() => {
      this.#drainTimedOut = true;
      this.#latch.wake();
    }, this.#drainTimeoutMs);
    this.#latch.wake();
  }

  /** Ends the run at once with this error. */
  stop(error: MillraceError): void {
    this.#stopped ??= error;
    this.#latch.wake();
  }

  /** Makes a mapAsync call for the machine. */
  call({ plan }: CallLane, slot: Slot): void {
    // the slot alone is settled here: its result is passed on in the order of the items, by the next tick. One that settles after the run
    // has ended is looked at by nobody
    void this.#calls.make(plan, slot.item).then((settled) => {
      slot.settled = settled;
      this.#latch.wake();
    });
  }

  async #loop(): Promise<RunOutcome> {
    for (;;) {
      const startMs = performance.now();
      const more = this.#machine.tick(this.#clock.now(startMs));
      this.#conclude(startMs, more);
      this.#armTimers();
      // after the tick: a `ready` is for what it could not take
      this.#signals.ask();
      const outcome = this.#outcome();
      if (outcome !== undefined) return outcome;
      await this.#giveWay();
      if (!more) await this.#latch.wait();
      // last, since `stop` wakes the latch: what a tick has done before is concluded by then
      if (this.#stopped !== undefined) throw this.#stopped;
    }
  }

  /** Undefined while the run goes on. @throws what halted it, once nothing is left to bring to an end */
  #outcome(): RunOutcome | undefined {
    const machine = this.#machine;
    const custody = this.#custody;
    if (machine.halted !== undefined) {
      // not at once: what was written before the failure would come again after a restart (J4)
      if (custody.over || this.#drainTimedOut) throw machine.halted;
      this.drain();
      return undefined;
    }
    // a job that has ended has nobody who would deliver later: its outboxes must be empty (`quiet`). One that drains need only be covered
    const wasAtEnd = this.#atEnd;
    this.#atEnd = machine.finished && custody.settled && machine.quiet;
    if (this.#atEnd && machine.done) return 'ended';
    if (this.#atEnd && !wasAtEnd) this.#onEnd();
    if (this.#drainTimer === undefined) return undefined;
    if (machine.idle && custody.covered) return 'drained';
    return this.#drainTimedOut ? 'drain-timed-out' : undefined;
  }

  #conclude(startMs: number, more: boolean): void {
    const custody = this.#custody;
    const ending = this.#drainTimer !== undefined || this.#machine.finished;
    const nowMs = performance.now();
    this.#turnMs = nowMs - startMs;
    // what a part cannot store ends the run here, with nothing of the tick stored
    const commit = custody.conclude(nowMs, ending, more);
    this.#commitTimer.set(custody.deadline());
    commit?.then(
      () => this.#handleCommitted(),
      // not `halt`: whether it is durable is unknown, so nothing more may go out because of it (R13)
      (error: unknown) => this.#stopFor(MillraceError.from(error, 'STORAGE_FAILED', 'the commit of a tick')),
    );
  }

  /** Ends the run at once, for what failed first (J4). */
  #stopFor(error: MillraceError): void {
    this.stop(this.#machine.halted ?? error);
  }

  #handleCommitted(): void {
    if (this.#stopped !== undefined) return;
    try {
      this.#custody.handleCommitted(performance.now());
    } catch (error) {
      // not `stop`: the commit is durable, and what other parts have of it can still be brought to its end (J4)
      this.#machine.halt(MillraceError.from(error));
    }
    this.#latch.wake();
  }

  /** Looks at the clock now and then all the same: it may have been set, or the machine have slept. */
  #armTimers(): void {
    const { deadline } = this.#machine;
    const never = deadline === Number.POSITIVE_INFINITY;
    this.#dueTimer.set(never ? deadline : performance.now() + Math.min(this.#clock.until(deadline), CLOCK_LOOK_MS));
  }

  /** Calls are not made later than they can be: what they wait for is not the commit. */
  #wakeForItems(): void {
    const { holding } = this.#custody;
    const gathers = holding && this.#turnMs < SHORT_TICK_MS && this.#lanes.asyncStages.length === 0;
    // not later than what another source was to wait for
    if (gathers) this.#commitTimer.bring(performance.now() + GATHER_MS);
    else this.#latch.wake();
  }

  /** By a macrotask: a chain of promises alone would let no socket be read and no timer fire, however long it is. */
  async #giveWay(): Promise<void> {
    if (performance.now() - this.#sliceStartMs < SLICE_MS) return;
    await immediate();
    this.#sliceStartMs = performance.now();
  }
}
