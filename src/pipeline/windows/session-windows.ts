import type { Timer } from '../timers/timers.js';
import type { Accumulators } from './accumulators.js';
import { arm, armBy, armEarly } from './arm-timers.js';
import { insertPane, removeEnded, removePanes } from './pane-order.js';
import { EARLY, type WindowLogic, type WindowTimers } from './window-logic.js';
import type { WindowResult } from './window-result.js';
import { emptyPane, endEarly, type Pane, type WindowState } from './window-state.js';

export interface SessionOptions {
  readonly timeout: number;
  /** Undefined: no early results. */
  readonly earlyPeriod: number | undefined;
  readonly accumulators: Accumulators;
}

/**
 * Session windows: a pane is a session.
 *
 * SE1. Sessions that have not ended do not overlap: an item that is near enough to several makes them one.
 * SE2. An item that makes a session longer does not set its timer anew: the timer finds that the session has not ended, and is set to its
 *      end then. So an item costs no change of a timer, but for the first one of a session.
 */
export class SessionWindows implements WindowLogic {
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  accept(state: WindowState, timestamp: number, item: unknown, timers: WindowTimers): boolean {
    const { timeout, earlyPeriod, accumulators } = this.#options;
    const own = emptyPane(timestamp, timestamp + timeout);
    const near = takeNear(state, own, timers.now);
    if (near.length === 0 && own.to <= timers.now) return false;
    const session = this.#asOne(near, own);
    insertPane(state, session);
    accumulators.accumulate(state, session, item);
    session.fresh = true;
    armBy(state, Math.ceil(session.to), timers);
    if (earlyPeriod !== undefined) armEarly(state, earlyPeriod, timers);
    return true;
  }

  onTimer(state: WindowState, { name, at }: Timer, timers: WindowTimers): readonly WindowResult<unknown>[] {
    if (name === EARLY) return this.#early(state);
    return this.#leave(state, at, timers).map((session) => this.#result(session, false));
  }

  giveUp(state: WindowState, { name, at }: Timer, timers: WindowTimers): void {
    if (name === EARLY) endEarly(state);
    else this.#leave(state, at, timers);
  }

  /** One session of the earlier ones, in their order, up to the bounds of the new one. */
  #asOne(near: readonly Pane[], own: Pane): Pane {
    const [first, ...others] = near;
    if (first === undefined) return own;
    first.from = Math.min(first.from, own.from);
    first.to = Math.max(own.to, near.at(-1)?.to ?? own.to);
    for (const other of others) this.#options.accumulators.combine(first, other);
    return first;
  }

  /** Takes out the sessions that end up to there, and arms the timer for the next one. */
  #leave(state: WindowState, end: number, timers: WindowTimers): readonly Pane[] {
    const gone = removeEnded(state, end);
    arm(state, Math.ceil(state.panes[0]?.to ?? Number.NaN), timers);
    return gone;
  }

  #early(state: WindowState): readonly WindowResult<unknown>[] {
    const fresh = state.panes.filter((session) => session.fresh);
    endEarly(state);
    return fresh.map((session) => this.#result(session, true));
  }

  #result(session: Pane, isEarly: boolean): WindowResult<unknown> {
    const { accumulators } = this.#options;
    const value = accumulators.resultOf(accumulators.of(session));
    return { start: session.from, end: session.to, value, isEarly };
  }
}

/** Takes out those that an item is near enough to, and that have not ended (WS2: they stand last, one behind the other). */
const takeNear = (state: WindowState, { from, to }: Pane, now: number): readonly Pane[] => {
  const { panes } = state;
  let start = panes.length;
  let end = panes.length;
  for (let index = panes.length - 1; index >= 0; index -= 1) {
    const pane = panes[index];
    if (pane === undefined || pane.to <= from || pane.to <= now) break;
    if (pane.from >= to) end = index;
    else start = index;
  }
  return removePanes(state, start, end);
};
