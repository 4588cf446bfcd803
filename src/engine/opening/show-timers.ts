import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { JobRunOptions } from './job-run-options.js';

/** Shows how many timers the stages of the present run have set. */
export const showTimers = ({ metrics, job }: JobRunOptions, { timedStages }: PipelinePlan): void => {
  for (const { name: stage, early, timers } of timedStages) {
    if (early) continue;
    metrics
      .gauge('millrace_job_timers', 'Timers that are set, but for those that forget a key', { job, stage })
      .collect(() => timers.pending);
  }
};
