import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { KeyedStagePlan, PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { JobRunOptions } from './job-run-options.js';

/** A stage that forgets no key has so many at least when it is told, and twice as many the next time. */
const FIRST_TOLD = 131_072;

/** Looks how many keys stages have. */
export interface KeyWatch {
  /** After inputs were taken. */
  look(): void;
}

/** Shows how many keys the stages of a run have, and tells of those that only grow. */
export const watchKeys = (
  { metrics, job }: Pick<JobRunOptions, 'metrics' | 'job'>,
  plan: Pick<PipelinePlan, 'keyedStages'>,
): KeyWatch => {
  for (const { name: stage, state } of plan.keyedStages) {
    metrics.gauge('millrace_job_keys', 'Keys of which a stage has state', { job, stage }).collect(() => state.size);
  }
  const growing = plan.keyedStages
    .filter(({ forgets }) => !forgets)
    .map((stage) => ({ ...stage, next: nextTold(stage.state.size) }));
  return {
    look: () => {
      for (const one of growing) {
        const keys = one.state.size;
        if (keys < one.next) continue;
        one.next = nextTold(keys);
        publishDiagnostic('keys-grow', { job, stage: one.name, keys });
      }
    },
  };
};

const nextTold = (keys: KeyedStagePlan['state']['size']): number => {
  let next = FIRST_TOLD;
  while (next <= keys) next *= 2;
  return next;
};
