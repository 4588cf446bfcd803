import type { SourceReader } from '../../connector/source-reader.js';
import { present } from '../../internal/present.js';
import type { AsyncStagePlan, Downstream, PipelinePlan, SourcePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { JobTallies } from '../tick/job-tallies.js';
import type { RejectionPolicy } from '../tick/lanes/rejection-policy.js';
import { SourceLane, type SourceLaneOptions } from '../tick/lanes/source-lane.js';
import { TimerLane } from '../tick/lanes/timer-lane.js';
import type { JobPorts } from './job-ports.js';

export interface LaneParts {
  /** Its fragments are run by the lanes. */
  readonly plan: PipelinePlan;
  /** Say where rejected inputs go. */
  readonly ports: JobPorts;
  /** One for each source, in the order of the plan. */
  readonly readers: readonly SourceReader<unknown>[];
  /** Count what comes in and is through. */
  readonly tallies: JobTallies;
  /** How copies are told; undefined for a source that gives no keys, or is not asked for them. */
  readonly isNewOf: (source: SourcePlan) => SourceLaneOptions['isNew'];
}

const OPENED = 'each source of the plan is open and has a rejection';

/** A lane for each open source, in the order of the plan. */
export const sourceLanes = ({ plan, ports, readers, tallies, isNewOf }: LaneParts): readonly SourceLane[] =>
  plan.sources.map((source, index) => {
    const reader = present(readers[index], OPENED);
    const { name, called, rejection } = present(ports.sources[index], OPENED);
    const { fragment, watermarks } = source;
    const isNew = isNewOf(source);
    const downstream = withDeadLetterSinks(source.downstream, ports, [rejection]);
    const options = { name, called, reader, fragment, watermarks, downstream, rejection, tallies };
    return new SourceLane(isNew === undefined ? options : { ...options, isNew });
  });

/** The mapAsync stages with what their back-pressure must look at. */
export const asyncStages = ({ plan, ports }: Pick<LaneParts, 'plan' | 'ports'>): readonly AsyncStagePlan[] =>
  plan.asyncStages.map((stage) => ({ ...stage, downstream: withDeadLetterSinks(stage.downstream, ports, []) }));

/** A lane for each stage with timers, in the order of the plan. */
export const timerLanes = ({ plan, ports }: Pick<LaneParts, 'plan' | 'ports'>): readonly TimerLane[] =>
  plan.timedStages.map(
    (stage) => new TimerLane({ ...stage, downstream: withDeadLetterSinks(stage.downstream, ports, []) }),
  );

/**
 * What back-pressure must look at behind a source or stage: besides the sinks of the pipeline those that rejected inputs, and items of
 * stages and sinks, go to, and those behind them. Otherwise letters would pile up in front of a dead-letter sink that takes none.
 */
const withDeadLetterSinks = (
  { sinks, asyncStages, stages }: Downstream,
  ports: JobPorts,
  rejections: readonly RejectionPolicy[],
): Downstream => {
  const reached = new Set(sinks);
  const add = (rejection: RejectionPolicy | undefined): void => {
    if (rejection?.kind === 'deadLetter') reached.add(rejection.sink);
  };
  for (const rejection of rejections) add(rejection);
  for (const stage of stages) add(ports.stageRejections.get(stage));
  // a set is iterated over what is added meanwhile, too
  for (const sink of reached) add(present(ports.sinks[sink], 'a rejection names only sinks of the job').rejection);
  return { sinks: [...reached], asyncStages, stages };
};
