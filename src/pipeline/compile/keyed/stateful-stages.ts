import type { StatefulStage } from '../../stage-state.js';
import type { PipelineGraph, StatefulWork } from '../../vertex.js';

/** The stages of a pipeline that keep state, in the order of building. */
export const statefulStages = ({ vertices }: PipelineGraph): readonly StatefulStage[] =>
  vertices.flatMap((vertex) => (vertex.work.kind === 'stateful' ? [statefulStage(vertex.name, vertex.work)] : []));

/** One of them, as who keeps its state knows it. */
export const statefulStage = (name: string, { codec, parts, timed, windows, form }: StatefulWork): StatefulStage => ({
  name,
  codec,
  ...(parts && { parts }),
  timed: timed !== undefined,
  ...(windows && { windows }),
  ...(form && { form }),
  ...(timed?.early && { early: true }),
});
