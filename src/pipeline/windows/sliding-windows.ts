import type { Timer } from '../timers/timers.js';
import type { Accumulators } from './accumulators.js';
import { arm, armBy, armEarly } from './arm-timers.js';
import { multipleBehind, multipleUpTo } from './multiples.js';
import { paneOf, removeEnded } from './pane-order.js';
import { EARLY, type WindowLogic, type WindowTimers } from './window-logic.js';
import type { WindowResult } from './window-result.js';
import { emptyRunning, endEarly, type Pane, type WindowState } from './window-state.js';

export interface SlidingOptions {
  readonly size: number;
  /** Divides the size; the size itself: the windows tumble. */
  readonly slide: number;
  /** Undefined: no early results. */
  readonly earlyPeriod: number | undefined;
  readonly accumulators: Accumulators;
}

/**
 * Sliding and tumbling windows. A pane has what came in one slide, and a window is the panes of its size put together.
 *
 * SW1. Where the aggregate deducts, what the window has come to is kept: the pane that comes is combined into it, and the one that goes is
 *      deducted, so that a window costs the same however many slides it has. Where it does not, each window combines its panes anew.
 * SW2. An item that is late for some of its windows is in a pane of its own, which is in the others only. Up to the first of them (`mixedUntil`)
 *      the panes of a window need not be those that stand first, so these windows are combined anew.
 * SW3. Only windows that have an item are looked at: a time in which nothing happened costs nothing.
 */
export class SlidingWindows implements WindowLogic {
  readonly #options: SlidingOptions;
  readonly #keepsRunning: boolean;

  constructor(options: SlidingOptions) {
    this.#options = options;
    this.#keepsRunning = options.slide < options.size && options.accumulators.deducts;
  }

  accept(state: WindowState, timestamp: number, item: unknown, timers: WindowTimers): boolean {
    const { size, slide, earlyPeriod, accumulators } = this.#options;
    const { now } = timers;
    const start = multipleUpTo(timestamp, slide);
    const to = start + size;
    if (to <= now) return false;
    const isLate = start + slide <= now;
    const from = isLate ? multipleBehind(now, slide) : start + slide;
    const pane = paneOf(state, from, to);
    accumulators.accumulate(state, pane, item);
    pane.fresh = true;
    if (isLate) state.mixedUntil = Math.max(state.mixedUntil, from);
    armBy(state, from, timers);
    if (earlyPeriod !== undefined) armEarly(state, earlyPeriod, timers);
    return true;
  }

  onTimer(state: WindowState, { name, at }: Timer, timers: WindowTimers): readonly WindowResult<unknown>[] {
    if (name === EARLY) return this.#early(state);
    const results: WindowResult<unknown>[] = [];
    while (state.armed <= at) {
      const end = state.armed;
      results.push(this.#result(end, this.#windowUpTo(state, end), false));
      this.#deduct(state, this.#leave(state, end, timers));
    }
    return results;
  }

  giveUp(state: WindowState, { name, at }: Timer, timers: WindowTimers): void {
    if (name === EARLY) {
      endEarly(state);
      return;
    }
    state.running = undefined;
    while (state.armed <= at) this.#leave(state, state.armed, timers);
  }

  /** The accumulator of the window that ends there: not to be changed. */
  #windowUpTo(state: WindowState, end: number): unknown {
    const { accumulators } = this.#options;
    const { panes } = state;
    if (!this.#keepsRunning || state.mixedUntil >= end) {
      state.running = undefined;
      return accumulators.together(panes.filter(({ from }) => from <= end));
    }
    state.running ??= emptyRunning();
    const { running } = state;
    for (let pane = panes[running.count]; pane !== undefined && pane.from <= end; pane = panes[running.count]) {
      accumulators.combine(running, pane);
      running.count += 1;
    }
    return accumulators.of(running);
  }

  /** Goes on to the next window, and gives the panes that are in none any more. */
  #leave(state: WindowState, end: number, timers: WindowTimers): readonly Pane[] {
    const { panes } = state;
    const gone = removeEnded(state, end);
    arm(state, this.#nextEnd(panes, end), timers);
    return gone;
  }

  #deduct(state: WindowState, gone: readonly Pane[]): void {
    const { running } = state;
    if (running === undefined) return;
    running.count -= gone.length;
    // none is exactly none, whatever roundings have left
    if (running.count === 0) state.running = undefined;
    else for (const pane of gone) this.#options.accumulators.deduct(running, pane);
  }

  /** The end of the first window behind `end` that has an item; NaN where there is none. */
  #nextEnd(panes: readonly Pane[], end: number): number {
    const soonest = end + this.#options.slide;
    let next = Number.NaN;
    for (const { from } of panes) {
      if (from <= soonest) return soonest;
      if (!(next <= from)) next = from;
    }
    return next;
  }

  /** The windows that have something new, as they are now. */
  #early(state: WindowState): readonly WindowResult<unknown>[] {
    const ends = this.#freshEnds(state);
    endEarly(state);
    return ends.map((end) => {
      const panes = state.panes.filter(({ from, to }) => from <= end && end <= to);
      return this.#result(end, this.#options.accumulators.together(panes), true);
    });
  }

  #freshEnds({ panes, armed }: WindowState): readonly number[] {
    const ends = new Set<number>();
    for (const { fresh, from, to } of panes) {
      if (!fresh) continue;
      for (let end = Math.max(from, armed); end <= to; end += this.#options.slide) ends.add(end);
    }
    return [...ends].sort((one, other) => one - other);
  }

  #result(end: number, accumulator: unknown, isEarly: boolean): WindowResult<unknown> {
    const { size, accumulators } = this.#options;
    return { start: end - size, end, value: accumulators.resultOf(accumulator), isEarly };
  }
}
