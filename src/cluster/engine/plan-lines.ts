import { planPorts } from '../../engine/opening/job-ports.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';

/** A line for each part of a pipeline for which something is stored: nodes with other lines would not find what is theirs. */
export const planLines = (plan: PipelinePlan): readonly string[] => [
  ...plan.sources.map(({ name }) => `source ${name}`),
  ...plan.sources.flatMap(({ watermarks }) => watermarks.map(({ name }) => `time ${name}`)),
  ...[...plan.stateful, ...plan.asyncStages].map(({ name }) => `stage ${name}`),
  ...planPorts(plan).sinks.map(({ name }) => `sink ${name}`),
];
