import type { StageState, StatefulStage } from './stage-state.js';
import type { StageTimers } from './timers/stage-timers.js';

/** Gives what stages keep: in memory, or over a store. Asked once for each stage when a pipeline is compiled. */
export interface StageKeeper {
  /** Its state by key. */
  stateOf(stage: StatefulStage): StageState;
  /** Its timers: of a stage that is `timed`. */
  timersOf(stage: StatefulStage): StageTimers;
  /** Those by which it tells early results: of one that is `early`. */
  earlyTimersOf(stage: StatefulStage): StageTimers;
}
