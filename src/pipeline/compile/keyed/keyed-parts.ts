import type { StageState, StateKey } from '../../stage-state.js';
import type { CallTimers } from '../../timers/call-timers.js';
import type { StageClock } from '../../timers/stage-clock.js';
import type { StageTimers } from '../../timers/stage-timers.js';
import type { Timer } from '../../timers/timers.js';
import type { Cursor } from '../steps/cursor.js';

/** What a stage with state works with. */
export interface KeyedParts {
  /** By key. */
  readonly state: StageState;
  /** What its functions are given. */
  readonly calls: CallTimers;
  /** Takes one output. */
  readonly next: Step;
  /** Takes several, of one call. */
  readonly emit: (items: readonly unknown[]) => void;
  /** Has the time of the item under way. */
  readonly cursor: Pick<Cursor, 'timestamp'>;
  /** Counts one item that is late, and takes it. */
  readonly late: (item: unknown) => void;
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

/** One stage, and all behind it, for one item. */
export type Step = (item: unknown) => void;

/** One stage with state, for one item. `side` says of which stream it is, where the stage takes several. */
export type KeyedStep = (key: StateKey, item: unknown, side?: number) => void;

/** Where the state of a key stays, or goes, after a call. */
export type Save = (key: StateKey, value: unknown) => void;

/** What a stage with state does. */
export interface KeyedSteps {
  readonly onItem: KeyedStep;
  /** At a timer of the user's. */
  readonly onTimer: (key: StateKey, timer: Timer) => void;
}
