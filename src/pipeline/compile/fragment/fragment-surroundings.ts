import type { EventTimes } from '../../time/event-times.js';
import type { StageTimers } from '../../timers/stage-timers.js';
import type { StatefulWork, Vertex } from '../../vertex.js';
import type { StageSurroundings } from '../keyed/call-timers-of.js';
import type { ServicePlan } from '../pipeline-plan.js';
import type { Target } from './fragment.js';

/** Which boundary a vertex is, if it is one. */
export type TargetOf = (vertex: Vertex) => Target | undefined;

/** What the stages of a fragment are compiled with. */
export interface FragmentSurroundings extends StageSurroundings {
  /** Undefined for a vertex that belongs to the fragment itself. */
  readonly targetOf: TargetOf;
  /** Not taken back with what an input did. */
  readonly dueOf: (vertex: Vertex, work: StatefulWork) => Pick<StageTimers, 'isFirst' | 'clear'>;
  /** The same of timers of early results. */
  readonly earlyDueOf: FragmentSurroundings['dueOf'];
  /** Undefined in a pipeline without timestamps. */
  readonly times: EventTimes | undefined;
  /** That of a stage which uses one. */
  readonly serviceOf: (vertex: Vertex) => Pick<ServicePlan, 'current'>;
}
