import type { JobOptions } from '../../engine/job/job-options.js';
import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { count, flag } from '../../internal/options/option-checks.js';
import type { ClusterJobEvent } from '../node/cluster-event.js';

/** How a job runs on a cluster. */
export interface ClusterJobOptions extends Omit<JobOptions, 'onEvent'> {
  /** The same on all nodes. */
  readonly name: string;
  /**
   * Into how many parts the job is divided, each of which runs on one node at a time. It can never be changed: keys and sessions are spread
   * over them. Default 1: the job moves to another node when its own is gone, and uses one.
   */
  readonly partitions?: number | undefined;
  /** This node's pipeline takes the place of the one that is stored. Default false: another one is refused with JOB_CHANGED. */
  readonly allowPlanChange?: boolean | undefined;
  /**
   * The job is begun again where it was completed or cancelled. Default false: this node then ends as the others did. One that has failed
   * is begun again in any case.
   */
  readonly beginAgain?: boolean | undefined;
  /** Told of each change of status, and of nodes and partitions as this node sees them, at once. */
  readonly onEvent?: ((event: ClusterJobEvent) => void) | undefined;
}

/** What only a job on a cluster has. */
export type ClusterOnly = Pick<ClusterJobOptions, 'partitions' | 'allowPlanChange' | 'beginAgain'>;

const CLUSTER_ONLY: OptionChecks<ClusterOnly> = { partitions: count, allowPlanChange: flag, beginAgain: flag };

/** What is wrong with what only a cluster has, and the rest, which every job has. */
export const splitOptions = ({ partitions, allowPlanChange, beginAgain, ...rest }: ClusterJobOptions) => {
  const { options, problems } = checkOptions('the job', { partitions, allowPlanChange, beginAgain }, CLUSTER_ONLY);
  return { own: options, rest, problems };
};
