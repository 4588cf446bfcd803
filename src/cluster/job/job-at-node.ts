import type { ResolvedJobOptions } from '../../engine/job/job-options.js';
import { isFinal } from '../../engine/job/job-status.js';
import { tellObserver } from '../../engine/job/tell-observer.js';
import { WatchedStatus } from '../../engine/job/watched-status.js';
import { MillraceError } from '../../errors/index.js';
import { deferred } from '../../internal/deferred.js';
import type { Ask, DesiredState, SeenDesired, Stop } from '../manifest/desired-state.js';
import { errorOf, toldOf } from '../manifest/told-error.js';
import type { ClaimsDriver } from '../node/claims-driver.js';
import type { ClusterJobEvent } from '../node/cluster-event.js';
import type { NodePartitions } from '../node/node-partitions.js';
import { actOn, type JobAction } from './act-on.js';
import { cancelled, cancelledUnheard, left, superseded } from './job-ends.js';
import { Joining } from './joining.js';

/** What a node makes its part of a job of. */
export interface JobAtNodeParts {
  readonly options: Omit<ResolvedJobOptions, 'onEvent'>;
  readonly onEvent: ((event: ClusterJobEvent) => void) | undefined;
  readonly partitions: number;
  /** It is known, or another one: the job goes on from a stop, or was begun again. Before anything of it is opened. */
  readonly onGeneration: (generation: number) => void;
  /** Joins the others, when all that is asked of a node is settled; it is given up when the signal aborts, and rejects with its reason. */
  readonly join: (job: JobAtNode, signal: AbortSignal) => Promise<Joined>;
  /** Called once, when the job runs no more at this node. */
  readonly onFinal: () => void;
}

/** What a job at a node works with. */
export interface Joined {
  readonly driver: ClaimsDriver;
  readonly node: NodePartitions;
  /** What the job was to do when this node joined. */
  readonly generation: number;
  /** As that of `Members`. */
  readonly desire: (ask: Ask) => Promise<SeenDesired>;
}

/**
 * One node's part of a job: its status, and what the claims, the partitions and the other nodes ask of it. What its user asks for is written
 * where each node sees it, and each does its part. The node alone is left by `leave`, and then the job goes on elsewhere.
 */
export class JobAtNode {
  readonly status: WatchedStatus;
  readonly #parts: JobAtNodeParts;
  #joined: Joined | undefined;
  /** Settles, and never rejects, when nothing of it is at this node any more. */
  readonly #over = deferred<void>();
  readonly #joining: Joining;
  #wanted: DesiredState['status'] = 'running';
  /** Of what is wanted: what is older comes too late. */
  #wantedAt = 0;
  #generation = 0;
  #lastStop: Stop | undefined;
  #delivered = false;
  /** It has ended, and somebody has begun it again since: nobody waits until it is idle everywhere. */
  #begunAgain = false;
  #completing = false;
  /** Of a cancel at this node, which waits for the others. */
  #cancel: { readonly reason: unknown } | undefined;
  /** The node is left, and the job is not over. */
  #leaving = false;
  #ending = false;
  /** Looks again when others have come to their end. */
  #looking: NodeJS.Timeout | undefined;

  constructor(parts: JobAtNodeParts) {
    this.#parts = parts;
    const { name: job } = parts.options;
    this.status = new WatchedStatus({
      job,
      observed: parts.onEvent !== undefined,
      tell: (status, error) => this.tell({ kind: 'status', job, status, error }),
    });
    this.status.move('start');
    this.#joining = new Joining((signal) => this.#join(signal));
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

  /** How it stopped the last time, as far as this node has seen. */
  get lastStop(): Stop | undefined {
    return this.#lastStop;
  }

  /** When it has completed: all that was in flight was delivered, or stored. */
  get delivered(): boolean {
    return this.#delivered;
  }

  /**
   * Asks it of all nodes, and begins with its own part.
   * @returns what is wanted then, and in which generation: it may come to an end already
   * @throws MillraceError when the servers were not reached
   */
  async ask(status: 'running' | 'suspended' | 'completed' | 'cancelled'): Promise<Pick<Ask, 'state' | 'generation'>> {
    await this.#joining.done;
    const state = { status };
    const generation = this.#generation;
    if (isFinal(this.status.now)) return { state, generation };
    const delivered = this.#lastStop?.generation === generation && this.#lastStop.delivered;
    const seen = await this.#mustBeJoined().desire({ state, generation, delivered });
    this.desired(seen);
    return seen.desired;
  }

  /** The same; it ends here although the others may not have heard of it, which the caller is told. */
  async cancel(reason: unknown): Promise<void> {
    this.#cancel = { reason };
    if (await this.#joining.end(cancelled(this.name, reason))) throw cancelledUnheard(this.name);
    try {
      await this.ask('cancelled');
    } catch (error) {
      await this.#end({ error: cancelled(this.name, reason) });
      throw error;
    }
    await this.#end({ error: cancelled(this.name, reason), everywhere: true });
  }

  /** Hands over what this node has, and ends here; the job goes on elsewhere. */
  async leave(): Promise<void> {
    await this.#joining.end(left(this.name));
    if (isFinal(this.status.now) || this.#joined === undefined) return;
    this.#leaving = true;
    this.#joined.driver.leave();
    this.look();
    await this.#over.promise;
  }

  /** Carries out what the claims ask for. */
  act(action: JobAction): void {
    if (action.type === 'superseded') this.failNode(superseded(this.name));
    else actOn(action, this.#mustBeJoined().node, (event) => this.tell(event), this.name);
  }

  /** What all nodes are to do. */
  desired({ desired, revision }: SeenDesired): void {
    if (isFinal(this.status.now) || this.#ending || revision <= this.#wantedAt) return;
    this.#wantedAt = revision;
    const { state, generation, stop, end } = desired;
    if (end !== undefined && end.generation >= this.#generation) {
      this.#begunAgain = true;
      this.#want(end.state);
    } else {
      if (stop !== undefined && stop.generation >= this.#generation) this.#lastStop = stop;
      this.#goesOnAs(generation);
      this.#want(state);
    }
    this.look();
  }

  /** A partition of this node can run nowhere. Resolves when the others are told, and nothing is claimed here any more. */
  async fail(error: MillraceError): Promise<void> {
    if (this.#ending) return;
    const state = { status: 'failed', error: toldOf(error) } as const;
    await this.#joined?.desire({ state, generation: this.#generation }).catch(() => {});
    void this.#end({ error });
  }

  /** The node can take part no more; the job goes on elsewhere. */
  failNode(error: MillraceError): void {
    void this.#end({ error });
  }

  tell(event: ClusterJobEvent): void {
    tellObserver(this.#parts.onEvent, event);
  }

  /** Something may have come to its end, or run. */
  look(): void {
    const joined = this.#joined;
    if (joined === undefined || this.#ending) return;
    const { driver } = joined;
    if (this.status.now === 'STARTING' && driver.runningAt.every((node) => node !== undefined)) this.status.runs();
    if (this.#leaving) {
      if (driver.hasLeft) void this.#end({ error: left(this.name) });
    } else if (this.#wanted === 'completed') {
      if (driver.isIdleEverywhere || (this.#begunAgain && driver.hasLeft)) this.#completed(driver);
    } else if (this.#wanted === 'suspended') {
      if (driver.isIdleEverywhere && this.#lastStop?.generation !== this.#generation) this.#suspended(driver);
    } else if (driver.hasEnded && !this.#completing) {
      this.#completing = true;
      void this.#complete();
    }
  }

  #completed(driver: ClaimsDriver): void {
    this.#delivered = !this.#begunAgain && driver.hasDelivered;
    void this.#end({ error: undefined });
  }

  #suspended(driver: ClaimsDriver): void {
    this.#lastStop = { generation: this.#generation, delivered: driver.hasDelivered };
    if (this.status.now !== 'SUSPENDED') this.status.move('suspended');
  }

  #want(state: DesiredState): void {
    if (state.status === this.#wanted) return;
    this.#wanted = state.status;
    const { driver } = this.#mustBeJoined();
    if (state.status === 'running') {
      if (this.status.now === 'SUSPENDED') this.status.move('start');
      if (!this.#leaving) driver.stay();
    } else if (state.status === 'cancelled') {
      void this.#end({ error: cancelled(this.name, this.#cancel?.reason), everywhere: this.#cancel !== undefined });
    } else if (state.status === 'failed') {
      void this.#end({ error: errorOf(state.error) });
    } else {
      if (state.status === 'completed' && this.status.now !== 'COMPLETING') this.status.move('complete');
      driver.leave();
    }
  }

  #goesOnAs(generation: number): void {
    this.#generation = generation;
    this.#parts.onGeneration(generation);
  }

  async #join(signal: AbortSignal): Promise<void> {
    try {
      const joined = await this.#parts.join(this, signal);
      this.#joined = joined;
      this.#goesOnAs(joined.generation);
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
        await this.ask('completed');
        return;
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

  /** @param everywhere resolves only when the others have ended as well, or are gone */
  async #end({ error, everywhere = false }: Ending): Promise<void> {
    if (this.#ending) return this.#over.promise;
    this.#ending = true;
    clearInterval(this.#looking);
    const { node, driver } = this.#joined ?? {};
    // else what ends here is claimed again
    if (everywhere) driver?.leave();
    else driver?.stop();
    node?.stopAll(error ?? new MillraceError('ABORTED', `job "${this.name}" has stopped`));
    await node?.close().catch(() => {});
    if (everywhere) await driver?.othersGone();
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

interface Ending {
  readonly error: MillraceError | undefined;
  readonly everywhere?: boolean;
}

/** Between two looks at what others do, in milliseconds. */
export const LOOK_MS = 50;
/** Between two attempts to reach the servers, in milliseconds. */
const RETRY_MS = 1_000;
