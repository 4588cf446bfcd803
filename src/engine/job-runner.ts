import type { ClusterJobEvent } from '../cluster/node/cluster-event.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { JobOptions } from './job/job-options.js';
import type { RunningJob } from './job/running-job.js';

/** How a job runs, whichever engine runs it: each takes them. */
export interface RunnerJobOptions extends Omit<JobOptions, 'onEvent'> {
  /** What is stored goes by it; on a cluster the same on all nodes. */
  readonly name: string;
  /** Told of each change of status, at once; on a cluster of nodes and partitions besides. What it throws fails nothing. */
  readonly onEvent?: ((event: ClusterJobEvent) => void) | undefined;
}

/**
 * What runs jobs: this process alone (`Engine.embedded`) or as one node of several (`Engine.cluster`). Code that is given one needs not
 * know which it is.
 */
export interface JobRunner extends AsyncDisposable {
  /** The jobs that have not ended; on a cluster those of this node. */
  readonly jobs: readonly RunningJob[];
  /** The job of that name that has not ended. */
  getJob(name: string): RunningJob | undefined;
  /**
   * Checks the pipeline and starts it; on a cluster it takes part in the job where that runs already. What cannot work is thrown here; what
   * fails later fails the job.
   * @throws MillraceError INVALID_OPTIONS, GUARANTEE_UNSUPPORTED, DUPLICATE_SESSION; INVALID_STATE when the name is taken or the engine is
   * shut down
   */
  newJob(pipeline: Pipeline, options: RunnerJobOptions): RunningJob;
  /**
   * Ends in order what runs in this process, and refuses new jobs. Alone, the jobs complete; on a cluster they go on at the other nodes,
   * and `join` rejects here with ABORTED. Resolves when all has ended.
   */
  shutdown(): Promise<void>;
}
