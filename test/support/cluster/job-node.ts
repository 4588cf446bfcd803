import { ClusterEngine } from '../../../src/cluster/engine/cluster-engine.js';
import type { ClusterPlace } from '../../../src/cluster/engine/cluster-place.js';
import type { ClusterJob } from '../../../src/cluster/job/cluster-job.js';
import type { ClusterJobOptions } from '../../../src/cluster/job/cluster-job-options.js';
import type { ClusterJobEvent } from '../../../src/cluster/node/cluster-event.js';
import type { Pipeline } from '../../../src/index.js';
import { onCleanup } from '../cleanup.js';

/** What an engine in this process has of a job, and what the job has told there. */
export interface JobNode {
  readonly engine: ClusterEngine;
  readonly job: ClusterJob;
  readonly events: readonly ClusterJobEvent[];
}

export interface EngineParts {
  /** What the nodes share. */
  readonly place: ClusterPlace;
  readonly node: string;
  readonly standbys?: number;
}

/** A node that stands still for longer loses what it has, also where the machine alone is to blame. */
const LEASE_MS = 3_000;

/** An engine whose beats need not be waited for long. It is shut down behind the test. */
export function quickEngine({ place, node, standbys = 0 }: EngineParts): ClusterEngine {
  const engine = new ClusterEngine({ place, node, standbys, leaseMs: LEASE_MS, warnings: false });
  onCleanup(() => engine.shutdown());
  return engine;
}

/** How the job ends here is for the test to await. */
export function joinJob(engine: ClusterEngine, pipeline: Pipeline, options: ClusterJobOptions): JobNode {
  const events: ClusterJobEvent[] = [];
  const job = engine.newJob(pipeline, { onEvent: (event) => void events.push(event), ...options });
  job.join().catch(() => {});
  return { engine, job, events };
}

export const has = ({ events }: JobNode, kind: ClusterJobEvent['kind']): boolean =>
  events.some((event) => event.kind === kind);
