import type { Timer, Timers } from '../timers/timers.js';
import type { WindowResult } from './window-result.js';
import type { WindowState } from './window-state.js';

/** Called when the window that ends first has ended. */
export const END = 'end';
/** Called when results so far are to be told. */
export const EARLY = 'early';

/** By which it is told that time has come. */
export interface WindowTimers extends Timers {
  /** Those of early results, by the clock of the machine; undefined where none are asked for. */
  readonly early?: EarlyTimers | undefined;
}

/** By which it is told that early results are due. */
export interface EarlyTimers extends Timers {
  isSet(name: string): boolean;
}

/** What a window stage does with the state of a key. It has no clock: time is that of the items, and of `timers`. */
export interface WindowLogic {
  /** Takes an item in. False: it is late, since every window that it would be in has ended. */
  accept(state: WindowState, timestamp: number, item: unknown, timers: WindowTimers): boolean;
  /** What is to be told, in the order of the ends of the windows. */
  onTimer(state: WindowState, timer: Timer, timers: WindowTimers): readonly WindowResult<unknown>[];
  /** As `onTimer` whose results were given up: the state is behind them, and no function of the user's is called. */
  giveUp(state: WindowState, timer: Timer, timers: WindowTimers): void;
}
