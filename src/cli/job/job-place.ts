import type { ClusterEngine } from '../../cluster/engine/cluster-engine.js';
import type { ClusterOptions } from '../../cluster/engine/cluster-options.js';
import type { ClusterJobOptions } from '../../cluster/job/cluster-job-options.js';
import type { ClusterJobEvent } from '../../cluster/node/cluster-event.js';
import { Engine, type JobOptions, type JobRunner, type RunningJob } from '../../engine/index.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { Reporter } from './reporter.js';

/** Where a job runs. */
export interface JobPlace<Runner extends JobRunner> {
  /** What is thrown at once is wrong usage; what it rejects with is reported. */
  open(): Runner | Promise<Runner>;
  /** Starts the job. The events are told to its own `onEvent`, too, whose promise is given back: a rejection would end the process. */
  newJob(runner: Runner, tell: (event: ClusterJobEvent) => void): RunningJob;
  /** When this process stops, the job goes on elsewhere. */
  readonly handsOver: boolean;
  /** What was read is stored, unless the job says that it needs no store. */
  readonly keeps: boolean;
}

/** This process alone. */
export function inProcess(pipeline: Pipeline, dir: string | undefined, options: JobOptions): JobPlace<Engine> {
  return {
    open: () => Engine.embedded({ dir, warnings: false }),
    newJob: (engine, tell) => engine.newJob(pipeline, { ...options, onEvent: toldBefore(tell, options.onEvent) }),
    handsOver: false,
    keeps: dir !== undefined,
  };
}

/** As one node of several. */
export function asNode(
  pipeline: Pipeline,
  { engine: cluster, job: options }: { readonly engine: ClusterOptions; readonly job: ClusterJobOptions },
  reporter: Reporter,
): JobPlace<ClusterEngine> {
  return {
    open: () => Engine.cluster({ ...cluster, warnings: false }),
    newJob: (engine, tell) => {
      const job = engine.newJob(pipeline, { ...options, onEvent: toldBefore(tell, options.onEvent) });
      const text = `node ${engine.nodeId} takes part in job "${job.name}"`;
      reporter.tell({ event: 'joined', text, facts: { job: job.name, node: engine.nodeId } });
      return job;
    },
    handsOver: true,
    keeps: true,
  };
}

const toldBefore =
  <Event extends ClusterJobEvent>(tell: (event: Event) => void, onEvent: ((event: Event) => unknown) | undefined) =>
  (event: Event): unknown => {
    tell(event);
    return onEvent?.(event);
  };
