import type { ResolvedJobOptions } from '../../engine/job/job-options.js';
import { isFinal } from '../../engine/job/job-status.js';
import { MillraceError } from '../../errors/index.js';
import { deferred } from '../../internal/deferred.js';
import type { ClaimsAction } from '../claims/claims-action.js';
import { type DesiredState, isEnd } from '../manifest/desired-state.js';
import type { ClaimsDriver } from '../node/claims-driver.js';
import type { ClusterJobEvent } from '../node/cluster-event.js';
import type { NodePartitions } from '../node/node-partitions.js';
import { cancelled, left, superseded } from './job-ends.js';
import { StatusAtNode } from './status-at-node.js';

/** What a node makes its part of a job of. */
export interface JobAtNodeParts {
  readonly options: Omit<ResolvedJobOptions, 'onEvent'>;
  readonly onEvent: ((event: ClusterJobEvent) => void) | undefined;
  readonly partitions: number;
  /** Joins the others, when all that is asked of a node is settled. */
  readonly join: (job: JobAtNode) => Promise<Joined>;
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

/** What a node's user may ask of a job on all nodes. */
export type Ask = Exclude<DesiredState['status'], 'failed'>;

/**
 * One node's part of a job: its status, and what the claims, the partitions and the other nodes ask of it. What its user asks for is written
 * where each node sees it, and each does its part. The node alone is left by `leave`, and then the job goes on elsewhere.
 */
export class JobAtNode {
  readonly status: StatusAtNode;
  readonly #parts: JobAtNodeParts;
  #joined: Joined | undefined;
  /** Settles, and never rejects, when nothing of it is at this node any more. */
  readonly #over = deferred<void>();
  readonly #joining: Promise<void>;
  #wanted: DesiredState['status'] = 'running';
  /** Of what is wanted: what is older comes too late. */
  #wantedAt = 0;
  /** While this node completed the job, somebody began it again. */
  #begunAgain = false;
  /** Of a cancel at this node. */
  #reason: unknown;
  /** The node is left, and the job is not over. */
  #leaving = false;
  #ending = false;
  /** Looks again when others have come to their end. */
  #looking: NodeJS.Timeout | undefined;

  constructor(parts: JobAtNodeParts) {
    this.#parts = parts;
    this.status = new StatusAtNode(parts.options.name, parts.onEvent);
    this.status.move('start');
    this.#joining = this.#join();
  }

  get name(): string {
    return this.#parts.options.name;
  }

  get wanted(): DesiredState['status'] {
    return this.#wanted;
  }

  /** Undefined until it has joined. */
  get joined(): Joined | undefined {
    return this.#joined;
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Asks it of all nodes, and begins with its own part. @throws MillraceError when the servers were not reached */
  async ask(status: Ask): Promise<void> {
    await this.#joining;
    if (isFinal(this.status.now)) return;
    const revision = await this.#mustBeJoined().desire({ status });
    if (revision !== undefined) this.desired({ status }, revision);
  }

  /** The same, and it ends here although the others may not have heard of it, which the caller is told. */
  async cancel(reason: unknown): Promise<void> {
    this.#reason = reason;
    try {
      await this.ask('cancelled');
    } finally {
      await this.#end({ error: cancelled(this.name, reason) });
    }
  }

  /** Hands over what this node has, and ends here; the job goes on elsewhere. */
  async leave(): Promise<void> {
    await this.#joining;
    if (isFinal(this.status.now) || this.#joined === undefined) return;
    this.#leaving = true;
    this.#joined.driver.leave();
    this.look();
    await this.#over.promise;
  }

  /** Carries out what the claims ask for. */
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
        this.failNode(superseded(job));
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

  /** What all nodes are to do. */
  desired(desired: DesiredState, revision: number): void {
    if (isFinal(this.status.now) || this.#ending || revision <= this.#wantedAt) return;
    this.#wantedAt = revision;
    if (this.#wanted === 'completed' && !isEnd(desired)) this.#begunAgain = true;
    else if (desired.status !== this.#wanted) this.#want(desired);
    this.look();
  }

  /** A partition of this node can run nowhere. */
  async fail(error: MillraceError): Promise<void> {
    if (this.#ending) return;
    const { code, message } = error;
    await this.#joined?.desire({ status: 'failed', error: { code, message } }).catch(() => {});
    await this.#end({ error });
  }

  /**
   * The sources of a partition have ended. A job of one partition is complete by that; of several, others may still get something to
   * do, and who started the job ends it.
   */
  ended(): void {
    if (this.#parts.partitions === 1) void this.#complete();
  }

  /** The node can take part no more; the job goes on elsewhere. */
  failNode(error: MillraceError): void {
    void this.#end({ error });
  }

  tell(event: ClusterJobEvent): void {
    this.status.tell(event);
  }

  /** Something may have come to its end, or run. */
  look(): void {
    const joined = this.#joined;
    if (joined === undefined || this.#ending) return;
    const { driver } = joined;
    if (this.status.now === 'STARTING' && driver.runningAt.every((node) => node !== undefined)) {
      this.status.move('started');
    }
    if (this.#leaving) {
      if (driver.hasLeft) void this.#end({ error: left(this.name) });
    } else if (this.#wanted === 'completed') {
      if (driver.isIdleEverywhere || (this.#begunAgain && driver.hasLeft)) void this.#end({ error: undefined });
    } else if (this.#wanted === 'suspended' && driver.isIdleEverywhere && this.status.now !== 'SUSPENDED') {
      this.status.move('suspended');
    }
  }

  #want(desired: DesiredState): void {
    this.#wanted = desired.status;
    const { driver } = this.#mustBeJoined();
    if (desired.status === 'running') {
      if (this.status.now === 'SUSPENDED') this.status.move('start');
      if (!this.#leaving) driver.stay();
    } else if (desired.status === 'cancelled') {
      void this.#end({ error: cancelled(this.name, this.#reason) });
    } else if (desired.status === 'failed') {
      const { code, message } = desired.error;
      void this.#end({ error: new MillraceError(code, message) });
    } else {
      if (desired.status === 'completed' && this.status.now !== 'COMPLETING') this.status.move('complete');
      driver.leave();
    }
  }

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

  /** Nobody else asks for it, so it is asked for until the servers have it. */
  async #complete(): Promise<void> {
    while (!this.#ending) {
      try {
        return await this.ask('completed');
      } catch (reason) {
        const error = MillraceError.from(reason);
        if (!error.retryable) return this.failNode(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
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
    if (error === undefined) this.status.complete();
    else this.status.fail(error);
    this.#parts.onFinal();
  }
}

/** Between two looks at what others do, in milliseconds. */
export const LOOK_MS = 50;
/** Between two attempts to reach the servers, in milliseconds. */
const RETRY_MS = 1_000;
