import type { StageState, StateKey } from '../stage-state.js';
import type { CallTimers } from '../timers/call-timers.js';
import type { StageClock } from '../timers/stage-clock.js';
import type { StageTimers } from '../timers/stage-timers.js';

/** What a stage with state works with. */
export interface KeyedParts {
  /** By key. */
  readonly state: StageState;
  /** What its functions are given. */
  readonly calls: CallTimers;
  /** Takes one output. */
  readonly next: (item: unknown) => void;
  /** Takes several, of one call. */
  readonly emit: (items: readonly unknown[]) => void;
}

/** What one that keeps timers has besides. */
export interface TimedParts {
  /** Its time. */
  readonly clock: StageClock;
  /** Taken back with what an input did, where that is. */
  readonly timers: StageTimers;
  /** What fires is taken from here: it stays gone where what it led to is taken back. */
  readonly due: Pick<StageTimers, 'isFirst' | 'clear'>;
}

/** One stage with state, for one item. */
export type KeyedStep = (key: StateKey, item: unknown) => void;
