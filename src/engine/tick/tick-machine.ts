import type { MillraceError } from '../../errors/millrace-error.js';
import { Calls, type CallsOptions } from './calls.js';
import { DueTimers } from './due-timers.js';
import type { EventTimeWatch } from './event-time-watch.js';
import type { InFlight } from './in-flight.js';
import { Intake, type IntakeOptions } from './intake.js';
import type { TickLanes } from './lanes/tick-lanes.js';
import type { UnitGate } from './unit-gate.js';

export interface TickMachineOptions extends IntakeOptions, CallsOptions {
  /** That of the plan. */
  readonly clock: { now: number };
  /** Undefined in a pipeline without timestamps. */
  readonly eventTime?: EventTimeWatch | undefined;
  /** Looks how many keys there are. */
  readonly keyWatch?: { look(): void };
}

/**
 * One partition of a job, without a promise or socket, and without a clock but what `tick` says: the tick of the architecture, the same with and without a store. It owns
 * nothing but the order of a tick. What is under way is in the lanes (`TickLanes`), who may work and what has failed is in the gate
 * (`UnitGate`), and who answers for what was taken is the custody's business (`Custody`).
 *
 * A tick: what sinks report is taken, and what calls have settled (`Calls`), for both make room; then timers fire that are due
 * (`DueTimers`), since their time was before that of the inputs that are taken next (`Intake`), which may move event time; then the sinks are offered what waits for
 * them, and flushed; last, calls are started. The driver calls `tick`, then `custody.conclude`, and does both
 * again at once while `tick` says so.
 *
 * T1. An input is acknowledged only after everything it led to, dead letters included, is confirmed by its destination, or stored.
 *     (With the guarantee `none` it is acknowledged on receipt, as that guarantee says.)
 * T2. A source is acknowledged up to a watermark, which passes whole frames in order. What is acknowledged is a prefix of what was
 *     polled, and no input is ever acknowledged in part.
 * T3. With a store one unit is under way at a time, and nothing of it counts before its end (rows staged meanwhile are garbage, B1): an
 *     input that leads to a million outputs takes many ticks.
 * T4. Back-pressure stops polling, and the start of calls whose results would have to wait. It stops nothing else: what sinks and calls
 *     report is always taken, so a full machine can always drain.
 *
 * User functions run inside of `tick`, and the ports' `write`, `progress` and `poll`; nothing here awaits them. They may end the job
 * (`suspend`), and sources may fail: so `stopPolling` and `halt` may be called at any time, in the middle of a tick too. They are seen
 * where the next poll, portion or call would begin. `tick` itself is never entered twice.
 */
export class TickMachine implements InFlight {
  readonly #lanes: TickLanes;
  readonly #gate: UnitGate;
  readonly #clock: { now: number };
  readonly #calls: Calls;
  readonly #timers: DueTimers;
  readonly #intake: Intake;
  readonly #eventTime: EventTimeWatch | undefined;
  readonly #keyWatch: TickMachineOptions['keyWatch'];

  constructor(options: TickMachineOptions) {
    this.#lanes = options.lanes;
    this.#gate = options.gate;
    this.#clock = options.clock;
    this.#calls = new Calls(options);
    this.#timers = new DueTimers(options);
    this.#intake = new Intake(options);
    this.#eventTime = options.eventTime;
    this.#keyWatch = options.keyWatch;
  }

  /** Set when an item failed the job: nothing is processed from then on, what was written before is still delivered. */
  get halted(): MillraceError | undefined {
    return this.#gate.halted;
  }

  /** Whether every input that was taken is complete. */
  get idle(): boolean {
    return this.#lanes.idle;
  }

  /** Whether all sources have ended and all is complete. */
  get finished(): boolean {
    return this.#lanes.finished;
  }

  /** Whether no source can go on. */
  get done(): boolean {
    return this.#lanes.done;
  }

  /** Whether the sinks have delivered everything they were given. */
  get quiet(): boolean {
    return this.#lanes.quiet;
  }

  get inFlightItems(): number {
    return this.#lanes.inFlightItems;
  }

  get inFlightBytes(): number {
    return this.#lanes.inFlightBytes;
  }

  get waitingItems(): number {
    return this.#lanes.waitingItems;
  }

  /** From now on nothing is polled, and no timer fires; what is in flight goes its way. */
  stopPolling(): void {
    this.#intake.stopPolling();
    this.#timers.stop();
  }

  /** When a timer will be due, or a stream idle, in the time of `tick`; Infinity for never. */
  get deadline(): number {
    return Math.min(this.#timers.deadline, this.#eventTime?.deadline ?? Number.POSITIVE_INFINITY);
  }

  /** Fails the job at an item, or because a source has failed. */
  halt(error: MillraceError): void {
    this.#gate.halt(error);
  }

  /**
   * One round. True when another would find more to do at once.
   * @param now milliseconds since 1970, never less than before
   * @throws what a sink throws: the sink has failed then
   */
  tick(now: number): boolean {
    const lanes = this.#lanes;
    this.#clock.now = now;
    lanes.takeProgress();
    this.#calls.takeResults();
    this.#timers.fire();
    this.#intake.take();
    this.#eventTime?.look(now);
    this.#keyWatch?.look();
    lanes.write();
    lanes.flush();
    this.#calls.start();
    return this.#intake.hasWork || this.#calls.hasWork || this.#timers.hasWork;
  }
}
