import { type JobMetrics, NO_RUN, readJobMetrics } from '../../engine/job/job-metrics.js';
import type { ResolvedJobOptions } from '../../engine/job/job-options.js';
import { isFinal, type JobStatus, type JobTransition, nextStatus } from '../../engine/job/job-status.js';
import type { RunningJob } from '../../engine/job/running-job.js';
import { tellObserver } from '../../engine/job/tell-observer.js';
import type { JobRunOptions } from '../../engine/opening/job-run-options.js';
import { MillraceError } from '../../errors/index.js';
import { type Deferred, deferred } from '../../internal/deferred.js';
import { foreignText } from '../../internal/visible-text.js';
import type { ClaimsAction } from '../claims/claims-action.js';
import type { PartitionState } from '../claims/partition-life.js';
import { type DesiredState, isEnd } from '../manifest/desired-state.js';
import type { ClaimsDriver } from '../node/claims-driver.js';
import type { ClusterJobEvent } from '../node/cluster-event.js';
import type { NodePartitions } from '../node/node-partitions.js';

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
export interface ClusterJobParts {
  readonly options: Omit<ResolvedJobOptions, 'onEvent'>;
  readonly onEvent: ((event: ClusterJobEvent) => void) | undefined;
  readonly run: JobRunOptions;
  readonly partitions: number;
  /** Joins the others, when all that is asked of a node is settled. */
  readonly join: (job: ClusterJob) => Promise<Joined>;
  /** Called once, when the job runs no more at this node. */
  readonly onFinal: () => void;
}

/** What a job at a node works with. */
export interface Joined {
  readonly driver: ClaimsDriver;
  readonly node: NodePartitions;
  /** As that of `Members`. */
  readonly desire: (desired: DesiredState) => Promise<number | undefined>;
}

/**
 * A job that runs on several nodes, as one of them has it. What is asked of it here is asked on all nodes: it is written where each of them
 * sees it, and each does its part. The node alone is left by `shutdown` of the engine, and then the job goes on elsewhere.
 */
export class ClusterJob implements RunningJob {
  readonly #parts: ClusterJobParts;
  readonly #completion = quiet(deferred<void>());
  #running = quiet(deferred<void>());
  #status: JobStatus = 'NOT_RUNNING';
  #joined: Joined | undefined;
  /** Settles, and never rejects, when nothing of it is at this node any more. */
  readonly #over = deferred<void>();
  readonly #joining: Promise<void>;
  #wanted: DesiredState['status'] = 'running';
  /** Of what is wanted: what is older comes too late. */
  #wantedAt = 0;
  /** While this node completed the job, somebody began it again. */
  #begunAgain = false;
  #reason: unknown;
  /** The node is left, and the job is not over. */
  #leaving: Deferred<void> | undefined;
  #ending = false;
  /** Looks again when others have come to their end. */
  #looking: NodeJS.Timeout | undefined;
  #observed: boolean;

  /** @internal Made by the engine. */
  constructor(parts: ClusterJobParts) {
    this.#parts = parts;
    this.#observed = parts.onEvent !== undefined;
    this.#move('start');
    this.#joining = this.#join();
    const { signal } = parts.options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  /** The same on all nodes; what is stored goes by it. */
  get name(): string {
    return this.#parts.options.name;
  }

  get status(): JobStatus {
    return this.#status;
  }

  /** The partitions, in their order. */
  get partitions(): readonly PartitionView[] {
    const at = this.#joined?.driver.runningAt;
    return Array.from({ length: this.#parts.partitions }, (_, index) => ({
      index,
      node: at?.[index],
      state: this.#joined?.driver.stateOf(index) ?? 'idle',
    }));
  }

  join(): Promise<void> {
    this.#observed = true;
    return this.#completion.promise;
  }

  /** Resolves when each partition runs, at whichever node. */
  whenRunning(): Promise<void> {
    this.#observed = true;
    return this.#running.promise;
  }

  async cancel(reason?: unknown): Promise<void> {
    if (isFinal(this.#status)) return;
    this.#reason = reason;
    try {
      await this.#desire('cancelled');
    } finally {
      // the others may not have heard of it, which the caller is told; here it ends all the same
      await this.#end({ error: cancelled(this.name, reason) });
    }
  }

  async suspend(): Promise<boolean> {
    if (this.#status !== 'SUSPENDED') await this.#desire('suspended');
    // somebody else may resume it before all is suspended, or complete it
    await this.#until(() => this.#status === 'SUSPENDED' || isFinal(this.#status) || this.#wanted !== 'suspended');
    return true;
  }

  async resume(): Promise<void> {
    if (this.#status !== 'SUSPENDED') throw this.#wrongState('resume');
    await this.#desire('running');
    await this.whenRunning();
  }

  async restart(): Promise<void> {
    if (this.#status === 'SUSPENDED') throw this.#wrongState('restart');
    await this.suspend();
    if (this.status === 'SUSPENDED') await this.resume();
    else await this.whenRunning();
  }

  async drain(): Promise<boolean> {
    if (isFinal(this.#status)) return true;
    await this.#desire('completed');
    await this.#over.promise;
    return true;
  }

  metrics(): JobMetrics {
    const { run, options, partitions } = this.#parts;
    const runs = Array.from({ length: partitions }, (_, index) => this.#joined?.node.runOf(index) ?? NO_RUN);
    const inFlight = {
      inFlightItems: sum(runs, ({ inFlight: { inFlightItems } }) => inFlightItems),
      inFlightBytes: sum(runs, ({ inFlight: { inFlightBytes } }) => inFlightBytes),
      waitingItems: sum(runs, ({ inFlight: { waitingItems } }) => waitingItems),
    };
    const stored = {
      messages: sum(runs, ({ stored: { messages } }) => messages),
      bytes: sum(runs, ({ stored: { bytes } }) => bytes),
    };
    return readJobMetrics(run.tallies, { inFlight, stored }, options.metrics);
  }

  /** Drains the job, on all nodes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** @internal Hands over what this node has, and ends here; the job goes on elsewhere. */
  async leaveNode(): Promise<void> {
    await this.#joining;
    if (isFinal(this.#status) || this.#joined === undefined) return;
    this.#leaving ??= deferred<void>();
    this.#joined.driver.leave();
    this.look();
    await this.#over.promise;
  }

  /** @internal Carries out what the claims ask for. */
  act(action: Exclude<ClaimsAction, { type: 'claim' | 'release' | 'forget' }>): void {
    const { node } = this.#mustBeJoined();
    const job = this.name;
    switch (action.type) {
      case 'open':
        node.open(action.claim);
        break;
      case 'drain':
        node.drain(action.partition);
        break;
      case 'stop':
        node.stop(action.partition, action.reason);
        break;
      case 'superseded':
        void this.#end({ error: superseded(job) });
        break;
      case 'follow':
        node.follow(action.partition);
        break;
      case 'unfollow':
        node.unfollow(action.partition);
        break;
      case 'epochs-behind':
        this.tell({ kind: 'epochs-behind', job, partition: action.partition });
        break;
      case 'node-joined':
        this.tell({ kind: 'node-joined', job, node: action.node });
        break;
      case 'node-gone':
        this.tell({ kind: 'node-gone', job, node: action.node, silentMs: action.silentMs });
        break;
    }
  }

  /** @internal What all nodes are to do. */
  desired(desired: DesiredState, revision: number): void {
    if (isFinal(this.#status) || this.#ending || revision <= this.#wantedAt) return;
    this.#wantedAt = revision;
    if (this.#wanted === 'completed' && !isEnd(desired)) this.#begunAgain = true;
    else if (desired.status !== this.#wanted) this.#want(desired);
    this.look();
  }

  #want(desired: DesiredState): void {
    this.#wanted = desired.status;
    const { driver } = this.#mustBeJoined();
    if (desired.status === 'running') {
      if (this.#status === 'SUSPENDED') this.#move('start');
      if (this.#leaving === undefined) driver.stay();
    } else if (desired.status === 'cancelled') {
      void this.#end({ error: cancelled(this.name, this.#reason) });
    } else if (desired.status === 'failed') {
      const { code, message } = desired.error;
      void this.#end({ error: new MillraceError(code, message) });
    } else {
      if (desired.status === 'completed' && this.#status !== 'COMPLETING') this.#move('complete');
      driver.leave();
    }
  }

  /** @internal A partition of this node can run nowhere. */
  async fail(error: MillraceError): Promise<void> {
    if (this.#ending) return;
    const { code, message } = error;
    await this.#joined?.desire({ status: 'failed', error: { code, message } }).catch(() => {});
    await this.#end({ error });
  }

  /**
   * @internal The sources of a partition have ended. A job of one partition is complete by that; of several, others may still get something to
   * do, and who started the job ends it.
   */
  ended(): void {
    if (this.#parts.partitions === 1) void this.#complete();
  }

  /** Nobody else asks for it, so it is asked for until the servers have it. */
  async #complete(): Promise<void> {
    while (!this.#ending) {
      try {
        return await this.#desire('completed');
      } catch (reason) {
        const error = MillraceError.from(reason);
        if (!error.retryable) return this.failNode(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** @internal The node can take part no more; the job goes on elsewhere. */
  failNode(error: MillraceError): void {
    void this.#end({ error });
  }

  /** @internal */
  tell(event: ClusterJobEvent): void {
    tellObserver(this.#parts.onEvent, event);
  }

  /** @internal Something may have come to its end, or run. */
  look(): void {
    const joined = this.#joined;
    if (joined === undefined || this.#ending) return;
    const { driver } = joined;
    if (this.#status === 'STARTING' && driver.runningAt.every((node) => node !== undefined)) {
      this.#move('started');
      this.#running.resolve();
    }
    if (this.#leaving !== undefined) {
      if (driver.hasLeft) void this.#end({ error: left(this.name) });
    } else if (this.#wanted === 'completed') {
      if (driver.isIdleEverywhere || (this.#begunAgain && driver.hasLeft)) void this.#end({ error: undefined });
    } else if (this.#wanted === 'suspended' && driver.isIdleEverywhere && this.#status !== 'SUSPENDED') {
      // who waits for it since before it ran goes on waiting
      if (this.#status === 'RUNNING') this.#running = quiet(deferred<void>());
      this.#move('suspended');
    }
  }

  readonly #onAbort = (): void => {
    void this.cancel(this.#parts.options.signal?.reason).catch(() => {});
  };

  async #join(): Promise<void> {
    try {
      const joined = await this.#parts.join(this);
      this.#joined = joined;
      this.#looking = setInterval(() => this.look(), LOOK_MS);
      joined.driver.start();
    } catch (error) {
      await this.#end({ error: MillraceError.from(error) });
    }
  }

  async #desire(status: 'running' | 'suspended' | 'completed' | 'cancelled'): Promise<void> {
    await this.#joining;
    if (isFinal(this.#status)) return;
    const revision = await this.#mustBeJoined().desire({ status });
    if (revision !== undefined) this.desired({ status }, revision);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }

  #mustBeJoined(): Joined {
    if (this.#joined === undefined) throw new MillraceError('INTERNAL', 'the job has not joined its nodes');
    return this.#joined;
  }

  async #end({ error }: { readonly error: MillraceError | undefined }): Promise<void> {
    if (this.#ending) return this.#over.promise;
    this.#ending = true;
    clearInterval(this.#looking);
    const { node, driver } = this.#joined ?? {};
    // else what ends here is claimed again
    driver?.stop();
    node?.stopAll(error ?? new MillraceError('ABORTED', `job "${this.name}" has stopped`));
    await node?.close().catch(() => {});
    await driver?.close().catch(() => {});
    this.#finish(error);
    this.#over.resolve();
  }

  #finish(error: MillraceError | undefined): void {
    this.#parts.options.signal?.removeEventListener('abort', this.#onAbort);
    if (error === undefined) {
      this.#running.reject(new MillraceError('ABORTED', `job "${this.name}" was drained before it ran`));
      this.#move('completed');
      this.#completion.resolve();
    } else {
      this.#move('fail', error);
      this.#running.reject(error);
      this.#completion.reject(error);
      if (!this.#observed && error.code !== 'ABORTED') {
        process.emitWarning(`job "${this.name}" failed: ${foreignText(error.message)}`, {
          code: `MILLRACE_${error.code}`,
        });
      }
    }
    this.#parts.onFinal();
  }

  #move(transition: JobTransition, error?: MillraceError): void {
    this.#status = nextStatus(this.#status, transition);
    this.tell({ kind: 'status', job: this.name, status: this.#status, error });
  }

  #wrongState(action: string): MillraceError {
    return new MillraceError('INVALID_STATE', `cannot ${action} job "${this.name}": it is ${this.#status}`);
  }
}

/** Between two looks at what others do, in milliseconds. */
const LOOK_MS = 50;
/** Between two attempts to reach the servers, in milliseconds. */
const RETRY_MS = 1_000;

const sum = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((total, value) => total + of(value), 0);

const cancelled = (job: string, reason: unknown): MillraceError =>
  new MillraceError('ABORTED', `job "${job}" was cancelled`, reason === undefined ? {} : { cause: reason });

const left = (job: string): MillraceError =>
  new MillraceError('ABORTED', `this node has left job "${job}", which goes on at the others`);

const superseded = (job: string): MillraceError =>
  new MillraceError('STORE_LOCKED', `another process takes part in job "${job}" under this node's id`, {
    advice: 'Give each process a nodeId of its own, or leave it out.',
  });

/** A deferred whose rejection may stay unobserved. */
const quiet = <T>(one: Deferred<T>): Deferred<T> => {
  one.promise.catch(() => {});
  return one;
};
