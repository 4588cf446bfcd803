import type { StageKeeper } from '../../stage-keeper.js';
import { CallTimers } from '../../timers/call-timers.js';
import type { StageClock } from '../../timers/stage-clock.js';
import type { StageTimers } from '../../timers/stage-timers.js';
import type { StatefulWork, Vertex } from '../../vertex.js';
import { statefulStage } from './stateful-stages.js';

/** What a stage with state has around it. */
export interface StageSurroundings {
  /** In memory, or over a store: the fragment does not know. */
  readonly keeper: StageKeeper;
  /** The time that a stage with state goes by. */
  readonly clockOf: (vertex: Vertex) => StageClock;
  /** The time of the machine. */
  readonly processingClock: StageClock;
}

/** What the functions of a stage are given of time. @param timers undefined where nothing would be done at one */
export const callTimersOf = (
  vertex: Vertex,
  work: StatefulWork,
  timers: StageTimers | undefined,
  { keeper, clockOf, processingClock }: StageSurroundings,
): CallTimers => {
  const isWindow = work.operation.kind === 'window';
  const calls = new CallTimers(clockOf(vertex), work.timed?.clock ?? 'processing', timers, isWindow);
  if (work.timed?.early !== true) return calls;
  const early = keeper.earlyTimersOf(statefulStage(vertex.name, work));
  calls.early = new CallTimers(processingClock, 'processing', early);
  return calls;
};
