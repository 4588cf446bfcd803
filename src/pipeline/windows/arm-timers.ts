import type { Timers } from '../timers/timers.js';
import { multipleBehind } from './multiples.js';
import { EARLY, END } from './window-logic.js';
import type { WindowState } from './window-state.js';

/** Has the timer `end` there. @param at NaN: there is no window */
export const arm = (state: WindowState, at: number, timers: Timers): void => {
  if (Object.is(state.armed, at)) return;
  state.armed = at;
  if (!Number.isNaN(at)) timers.set(END, at);
};

/** Has the timer `end` there, or before. */
export const armBy = (state: WindowState, at: number, timers: Timers): void => {
  if (!(state.armed <= at)) arm(state, at, timers);
};

/** Has the timer `early` at the next multiple of the period, so that all keys tell at one moment; once a time is known. */
export const armEarly = (state: WindowState, period: number, timers: Timers): void => {
  if (state.early || !Number.isFinite(timers.now)) return;
  state.early = true;
  timers.set(EARLY, multipleBehind(timers.now, period));
};
