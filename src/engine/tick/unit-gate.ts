import { MillraceError } from '../../errors/millrace-error.js';
import type { CallLane } from './lanes/call-lane.js';
import type { SourceLane } from './lanes/source-lane.js';
import type { TimerLane } from './lanes/timer-lane.js';
import type { Unit } from './unit.js';

/**
 * Says who may work: the lane whose unit is under way, else every one, until the run is halted. It owns what a failure leaves: whether
 * the run is halted, and whether what happened since the last commit is spoilt.
 *
 * U1. One exclusive unit is under way at a time. It comes to its end though another part has failed meanwhile.
 * U2. What is halted stays so, with its first reason; what is spoilt is halted.
 */
export class UnitGate {
  readonly #unit: Unit;
  #halted: MillraceError | undefined;
  #spoilt = false;
  /** Whose unit is under way: something of it is not done, or can still be undone. */
  #open: SourceLane | CallLane | TimerLane | undefined;

  constructor(unit: Unit) {
    this.#unit = unit;
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

  /** Whether a unit is under way: what it did so far must not be committed. */
  get midUnit(): boolean {
    return this.#open !== undefined;
  }

  /** Whether each input is a unit of its own, which can be undone. */
  get careful(): boolean {
    return this.#unit.on;
  }

  mayWork(lane: SourceLane | CallLane | TimerLane): boolean {
    return this.#open === undefined ? this.#halted === undefined : this.#open === lane;
  }

  /** From here on, up to `end`, a failure undoes what is done, where inputs go carefully. */
  begin(): void {
    if (this.#unit.on) this.#unit.begin();
  }

  /** A portion of the lane is run: its unit goes on, or is done with. */
  pass(lane: SourceLane | CallLane | TimerLane, goesOn: boolean): void {
    this.#open = goesOn && this.#unit.exclusive ? lane : undefined;
  }

  /** False when the unit cannot be stored: then it has failed the job. */
  end(): boolean {
    if (!this.#unit.on) return true;
    try {
      this.#unit.end();
      return true;
    } catch (error) {
      this.fail(MillraceError.from(error), true);
      return false;
    }
  }

  /** An item fails the job. What was done before it stays where the item's own traces can be undone, or it has left none. */
  fail(error: MillraceError, undoable: boolean): void {
    this.#open = undefined;
    if (undoable && this.#unit.on) this.#unit.undo();
    if (undoable) this.halt(error);
    else this.spoil(error);
  }

  /** Fails the job at an item, or because a source has failed. */
  halt(error: MillraceError): void {
    this.#halted ??= error;
  }

  /** What happened since the last commit must not be committed, because a part of it cannot be. */
  spoil(error: MillraceError): void {
    this.#spoilt = true;
    this.halt(error);
  }
}
