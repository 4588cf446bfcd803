import type { StatefulStage } from '../stage-state.js';
import type { PipelineGraph } from '../vertex.js';

/** The stages of a pipeline that keep state, in the order of building. */
export const statefulStages = ({ vertices }: PipelineGraph): readonly StatefulStage[] =>
  vertices.flatMap(({ name, work }) => (work.kind === 'stateful' ? [{ name, codec: work.codec }] : []));
