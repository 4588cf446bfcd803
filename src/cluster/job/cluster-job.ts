import { type JobMetrics, NO_RUN, readJobMetrics } from '../../engine/job/job-metrics.js';
import type { JobPlan } from '../../engine/job/job-plan.js';
import { isFinal, type JobStatus } from '../../engine/job/job-status.js';
import type { RunningJob } from '../../engine/job/running-job.js';
import type { JobRunOptions } from '../../engine/opening/job-run-options.js';
import { MillraceError } from '../../errors/index.js';
import type { PartitionState } from '../claims/partition-life.js';
import type { ClusterJobEvent } from '../node/cluster-event.js';
import { JobAtNode, type JobAtNodeParts, LOOK_MS } from './job-at-node.js';

/** A partition of a job, as this node sees it. */
export interface PartitionView {
  /** From 0. */
  readonly index: number;
  /** The node where it runs; undefined: nowhere at the moment. */
  readonly node: string | undefined;
  /** Where it stands at this node. */
  readonly state: PartitionState;
}

/** What the engine makes a job of. */
export interface ClusterJobParts extends JobAtNodeParts {
  readonly run: Pick<JobRunOptions, 'tallies'>;
  /** What it shows of itself. */
  readonly plan: JobPlan;
}

/**
 * A job that runs on several nodes, as one of them has it. What is asked of it here is asked on all nodes: it is written where each of them
 * sees it, and each does its part. The node alone is left by `shutdown` of the engine, and then the job goes on elsewhere.
 */
export class ClusterJob implements RunningJob {
  readonly #parts: ClusterJobParts;
  readonly #atNode: JobAtNode;

  /** @internal Made by the engine. */
  constructor(parts: ClusterJobParts) {
    this.#parts = parts;
    const onFinal = (): void => {
      signal?.removeEventListener('abort', this.#onAbort);
      parts.onFinal();
    };
    const { signal } = parts.options;
    this.#atNode = new JobAtNode({ ...parts, onFinal });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  /** The same on all nodes; what is stored goes by it. */
  get name(): string {
    return this.#parts.options.name;
  }

  get status(): JobStatus {
    return this.#atNode.status.now;
  }

  get plan(): JobPlan {
    return this.#parts.plan;
  }

  /** The partitions, in their order. */
  get partitions(): readonly PartitionView[] {
    const driver = this.#atNode.joined?.driver;
    const at = driver?.runningAt;
    return Array.from({ length: this.#parts.partitions }, (_, index) => ({
      index,
      node: at?.[index],
      state: driver?.stateOf(index) ?? 'idle',
    }));
  }

  join(): Promise<void> {
    return this.#atNode.status.completion;
  }

  /** Resolves when each partition runs, at whichever node. */
  whenRunning(): Promise<void> {
    return this.#atNode.status.running;
  }

  /**
   * As anywhere, on all nodes. Resolves when they have ended, or are gone.
   * @throws MillraceError CLUSTER_UNREACHABLE: it has ended here, and the others may not have heard of it
   */
  async cancel(reason?: unknown): Promise<void> {
    if (!isFinal(this.status)) await this.#atNode.cancel(reason);
  }

  /**
   * As anywhere, on all nodes. Resolves with true when everything in flight was delivered, or stored, at each of them; with false, too,
   * when a node is gone with what it had, or the job ends before.
   * @throws MillraceError INVALID_STATE when the job is completing or has ended, CLUSTER_UNREACHABLE
   */
  async suspend(): Promise<boolean> {
    if (this.status === 'COMPLETING' || isFinal(this.status)) throw this.#wrongState('suspend');
    const { state, generation } = await this.#atNode.ask('suspended');
    if (state.status !== 'suspended') return false;
    // somebody else may resume it before this node has seen it, or end it
    const stopped = (): boolean => (this.#atNode.lastStop?.generation ?? 0) >= generation;
    await this.#until(() => stopped() || isFinal(this.status) || this.status === 'COMPLETING');
    const stop = this.#atNode.lastStop;
    return stop?.generation === generation && stop.delivered;
  }

  /**
   * @throws MillraceError UNSUPPORTED: partitions commit each by itself, and what goes between them would be in none of their states
   */
  async exportSnapshot(_name: string): Promise<never> {
    throw new MillraceError('UNSUPPORTED', `job "${this.name}" runs on a cluster, where no snapshot can be exported`, {
      advice:
        'A changed pipeline goes on with the state under the name of the job (allowPlanChange). Where a snapshot is needed, run the job in one process: Engine.embedded({ dir }).',
    });
  }

  async resume(): Promise<void> {
    if (this.status !== 'SUSPENDED') throw this.#wrongState('resume');
    await this.#atNode.ask('running');
    await this.whenRunning();
  }

  async restart(): Promise<void> {
    if (this.status === 'SUSPENDED') throw this.#wrongState('restart');
    await this.suspend();
    // it changes nothing where somebody has resumed it already
    await this.#atNode.ask('running');
    await this.whenRunning();
  }

  /**
   * As anywhere, on all nodes. Resolves with true when everything in flight was delivered, or stored, at each of them; with false, too,
   * when that is not known: a node is gone with what it had, this one has left before, or somebody has begun the job again.
   */
  async drain(): Promise<boolean> {
    if (!isFinal(this.status)) await this.#atNode.ask('completed');
    await this.#atNode.over;
    return this.status === 'COMPLETED' && this.#atNode.delivered;
  }

  metrics(): JobMetrics {
    const { run, options, partitions } = this.#parts;
    const runs = Array.from({ length: partitions }, (_, index) => this.#atNode.joined?.node.runOf(index) ?? NO_RUN);
    const inFlight = {
      inFlightItems: sum(runs, ({ inFlight: { inFlightItems } }) => inFlightItems),
      inFlightBytes: sum(runs, ({ inFlight: { inFlightBytes } }) => inFlightBytes),
      waitingItems: sum(runs, ({ inFlight: { waitingItems } }) => waitingItems),
    };
    const stored = {
      messages: sum(runs, ({ stored: { messages } }) => messages),
      bytes: sum(runs, ({ stored: { bytes } }) => bytes),
    };
    return readJobMetrics(run.tallies, { inFlight, stored }, options);
  }

  /** Drains the job, on all nodes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** @internal Hands over what this node has, and ends here; the job goes on elsewhere. */
  leaveNode(): Promise<void> {
    return this.#atNode.leave();
  }

  /** @internal */
  tell(event: ClusterJobEvent): void {
    this.#atNode.tell(event);
  }

  readonly #onAbort = (): void => {
    void this.cancel(this.#parts.options.signal?.reason).catch(() => {});
  };

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  #wrongState(action: string): MillraceError {
    return new MillraceError('INVALID_STATE', `cannot ${action} job "${this.name}": it is ${this.status}`);
  }
}

const sum = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((total, value) => total + of(value), 0);
