import type { PipelinePlan } from '../pipeline/pipeline-plan.js';
import { AsyncLane } from './async-lane.js';
import { withDeadLetterSinks } from './dead-letter-sinks.js';
import type { JobPorts, OpenPorts } from './job-ports.js';
import type { JobTallies } from './job-tallies.js';
import { SinkLane } from './sink-lane.js';
import { SourceLane } from './source-lane.js';

export interface Lanes {
  readonly sources: readonly SourceLane[];
  readonly asyncStages: readonly AsyncLane[];
  readonly sinks: readonly SinkLane[];
}

export interface LaneParts {
  readonly plan: PipelinePlan;
  readonly ports: JobPorts;
  readonly open: OpenPorts;
  readonly tallies: JobTallies;
}

/** A lane for each open port and mapAsync stage, in the order of the plan. */
export const assembleLanes = ({ plan, ports, open, tallies }: LaneParts): Lanes => ({
  sources: plan.sources.flatMap(({ name, fragment, timestamps, ...rest }, index) => {
    const reader = open.readers[index];
    const rejection = ports.sourceRejections[index];
    if (reader === undefined || rejection === undefined) return [];
    const stamped = timestamps === 'ingestion';
    const downstream = withDeadLetterSinks(rest.downstream, ports, [rejection]);
    return [new SourceLane({ name, reader, fragment, downstream, rejection, stamped, tallies })];
  }),
  asyncStages: plan.asyncStages.map(
    (stage) => new AsyncLane({ ...stage, downstream: withDeadLetterSinks(stage.downstream, ports, []) }),
  ),
  sinks: ports.sinks.flatMap(({ name, rejection }, index) => {
    const writer = open.writers[index];
    return writer === undefined ? [] : [new SinkLane({ name, writer, rejection, tallies })];
  }),
});
