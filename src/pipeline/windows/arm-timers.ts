import { multipleBehind } from './multiples.js';
import { EARLY, END, type WindowTimers } from './window-logic.js';
import type { WindowState } from './window-state.js';

/** Has the timer `end` there. @param at NaN: there is no window, and nothing to tell early */
export const arm = (state: WindowState, at: number, timers: WindowTimers): void => {
  if (Object.is(state.armed, at)) return;
  // in this order: until it is set anew, the state says where it is (WS3)
  if (!Number.isNaN(at)) timers.set(END, at);
  else if (state.early) {
    state.early = false;
    timers.early?.clear(EARLY);
  }
  state.armed = at;
};

/** Has the timer `end` there, or before. */
export const armBy = (state: WindowState, at: number, timers: WindowTimers): void => {
  if (!(state.armed <= at)) arm(state, at, timers);
};

/** Has the timer `early`: where there is none, at the next multiple of the period, so that all keys tell at one moment. */
export const armEarly = (state: WindowState, period: number, { early }: WindowTimers): void => {
  if (early === undefined || (state.early && !state.earlyStored)) return;
  const isSet = state.early && early.isSet(EARLY);
  state.early = true;
  state.earlyStored = false;
  if (!isSet) early.set(EARLY, multipleBehind(early.now, period));
};
