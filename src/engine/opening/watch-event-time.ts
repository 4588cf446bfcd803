import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import { EventTimeWatch } from '../tick/event-time-watch.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { UnitGate } from '../tick/unit-gate.js';

export interface WatchedRun {
  /** For what is told. */
  readonly job: string;
  readonly plan: Pick<PipelinePlan, 'times' | 'departures'>;
  readonly lanes: TickLanes;
  readonly gate: UnitGate;
}

/** Undefined for a pipeline without timestamps. */
export const watchEventTime = ({ job, plan, lanes, gate }: WatchedRun): EventTimeWatch | undefined => {
  const { times, departures } = plan;
  if (times === undefined) return undefined;
  const onIdle = (stage: string): void => publishDiagnostic('stream-idle', { job, stage });
  return new EventTimeWatch({ times, departures, lanes, gate, onIdle });
};
