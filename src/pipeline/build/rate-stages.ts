import type { StateKey } from '../stage-state.js';
import type { Timer, Timers } from '../timers/timers.js';
import type { KeptItem } from './kept-item.js';

/** What a stage that lets through less than comes does, as the functions of a stage with timers. */
export interface RateStage<T> {
  create(): KeptItem<T>;
  apply(state: KeptItem<T>, key: StateKey, item: T, timers: Timers): readonly T[];
  onTimer(state: KeptItem<T>, key: StateKey, timer: Timer, timers: Timers): readonly T[];
}

const TIMER = 'until';
const NOTHING: readonly never[] = [];

const create = <T>(): KeptItem<T> => ({ item: undefined, until: 0 });

/** All of them keep nothing of a key that has no item and no period. */
export const isOver = ({ until }: KeptItem<unknown>): boolean => until === 0;

const taken = <T>(state: KeptItem<T>): readonly T[] => {
  // set by each item, and asked for behind one alone
  const item = state.item as T;
  state.until = 0;
  state.item = undefined;
  return [item];
};

/** The timer is set once, and anew when it has fired too early: not by each item. */
export const debounceStage = <T>(ms: number): RateStage<T> => ({
  create,
  apply: (state, _key, item, timers) => {
    if (state.until === 0) timers.set(TIMER, timers.now + ms);
    state.item = item;
    state.until = timers.now + ms;
    return NOTHING;
  },
  onTimer: (state, _key, { at }, timers) => {
    if (state.until <= at) return taken(state);
    timers.set(TIMER, state.until);
    return NOTHING;
  },
});

export const throttleStage = <T>(ms: number): RateStage<T> => ({
  create,
  apply: (state, _key, item, timers) => {
    // a period may be over whose timer has had no room yet
    if (timers.now < state.until) return NOTHING;
    state.until = timers.now + ms;
    timers.set(TIMER, state.until);
    return [item];
  },
  onTimer: (state, _key, { at }) => {
    if (state.until <= at) state.until = 0;
    return NOTHING;
  },
});

export const sampleStage = <T>(ms: number): RateStage<T> => ({
  create,
  apply: (state, _key, item, timers) => {
    if (state.until === 0) {
      state.until = timers.now + ms;
      timers.set(TIMER, state.until);
    }
    state.item = item;
    return NOTHING;
  },
  onTimer: (state) => taken(state),
});
