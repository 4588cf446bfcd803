import { ClusterEngine } from '../../../../../src/cluster/engine/cluster-engine.js';
import type { ClusterJob } from '../../../../../src/cluster/job/cluster-job.js';
import type { ClusterJobEvent } from '../../../../../src/cluster/node/cluster-event.js';
import type { MillraceError } from '../../../../../src/errors/index.js';
import type { Pipeline } from '../../../../../src/pipeline/pipeline.js';
import type { ClusterNode, NodeSetting } from '../cluster-node.js';

/** The servers cannot be reached, or a node that has left says so: its supervisor starts it again. */
const EXPECTED: ReadonlySet<string> = new Set(['CLUSTER_UNREACHABLE', 'ABORTED', 'STORE_LOCKED']);

/** A node with the real engine: one process of it. */
export class EngineNode implements ClusterNode {
  readonly #setting: NodeSetting;
  readonly #engine: ClusterEngine;
  readonly #job: ClusterJob;

  constructor(setting: NodeSetting, pipeline: Pipeline) {
    const { name, schedule, bucket, edges, logs, views, ended } = setting;
    const { leaseMs, standbys, partitions } = schedule;
    this.#setting = setting;
    const place = {
      location: 'simulated servers',
      patienceMs: 30_000,
      openBucket: async () => bucket,
      edgesOf: () => edges,
      logs,
      views,
      onStalled: () => () => {},
      close: async () => {},
    };
    this.#engine = new ClusterEngine({ place, node: name, leaseMs, standbys, warnings: false });
    this.#job = this.#engine.newJob(pipeline, {
      name: 'job',
      partitions,
      processingGuarantee: 'exactly-once',
      drainTimeoutMs: 500,
      restart: { maxAttempts: 1000, minBackoffMs: 20, maxBackoffMs: 200 },
      onEvent: (event) => this.#handle(event),
    });
    this.#job.join().then(
      () => setting.complain('the job has completed'),
      (error: MillraceError) => {
        if (!EXPECTED.has(error.code)) setting.complain(`failed: ${error.code} ${error.message}`);
        ended();
      },
    );
  }

  leave(): void {
    void this.#engine.shutdown();
  }

  runs(partition: number): boolean {
    return this.#job.partitions[partition]?.state === 'running';
  }

  #handle(event: ClusterJobEvent): void {
    const { opening, opened, complain } = this.#setting;
    if (event.kind === 'partition-claimed') opening();
    else if (event.kind === 'partition-running') opened(event.partition);
    else if (event.kind === 'epochs-behind') complain('epochs are behind');
    else if (event.kind === 'partition-restarting' && NEVER.has(event.error.code))
      complain(`${event.error.code} ${event.error.message}`);
  }
}

/** Of an opening: no outage and no other owner leads to these. */
const NEVER: ReadonlySet<string> = new Set([
  'STORE_CORRUPT',
  'INTERNAL',
  'CONTRACT_BROKEN',
  'INVALID_STATE',
  'STORE_LOCKED',
]);
