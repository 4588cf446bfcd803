import type { Engine, JobEvent, RunningJob } from '../../../../engine/index.js';
import { isFinal } from '../../../../engine/job/job-status.js';
import { MillraceError } from '../../../../errors/index.js';
import { tellJobEvent } from '../../../job/tell-job-event.js';
import { bridgePipeline } from '../../bridge-pipeline.js';
import type { BridgeOptions } from '../../parse-bridge-options.js';
import type { PlannedRoute } from '../plan/bridge-plan.js';
import type { RouteReporter } from './route-reporter.js';

/** What a route runs in. */
export interface RouteSurroundings {
  readonly engine: Engine;
  readonly drainTimeoutMs: number;
  readonly reporter: RouteReporter;
  /** Called once, when it has ended in whatever way. */
  readonly onEnd: () => void;
}

/** A route as a job of the engine. One that has failed stays, so that a reload finds it; the others go on. */
export class RouteJob {
  readonly route: PlannedRoute;
  readonly #around: RouteSurroundings;
  readonly #job: RunningJob | undefined;
  #away: readonly string[] = [];
  #stopping = false;
  /** It does not only deliver what is stored. */
  readonly #reads: boolean;
  #failed = false;

  /** Starts it. @param change of the options of the route, for this run */
  constructor(route: PlannedRoute, around: RouteSurroundings, change: Partial<BridgeOptions>) {
    this.route = route;
    this.#around = around;
    this.#reads = change.stopAfter === undefined;
    try {
      this.#job = around.engine.newJob(bridgePipeline({ ...route.options, ...change }), {
        name: route.name,
        processingGuarantee: route.options.guarantee,
        drainTimeoutMs: around.drainTimeoutMs,
        giveUp: route.giveUp,
        ...route.outbox,
        onEvent: (event) => this.#tell(event),
      });
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#job.join().then(
      () => this.#complete(),
      (error: unknown) => this.#fail(error),
    );
  }

  get failed(): boolean {
    return this.#failed;
  }

  get ended(): boolean {
    return this.#job === undefined || isFinal(this.#job.status);
  }

  /** undefined: it was refused before it began. */
  get job(): RunningJob | undefined {
    return this.#job;
  }

  /** Reads no more, and delivers or stores what was read. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#job?.drain();
  }

  /** It is stopped with all others: that it ends is no news. */
  leave(): void {
    this.#stopping = true;
  }

  /** Resolves when it has ended by itself, or was stopped. */
  async whenEnded(): Promise<void> {
    await this.#job?.join().catch(() => {});
  }

  #complete(): void {
    const text = 'drained: it has ended, and a reload (SIGHUP) starts it again';
    if (!this.#stopping && this.#reads) this.#around.reporter.tell({ event: 'drained', text, facts: {} });
    this.#around.onEnd();
  }

  #fail(error: unknown): void {
    const isAsked = this.#stopping && MillraceError.from(error).code === 'ABORTED';
    this.#failed = !isAsked;
    if (!isAsked) this.#around.reporter.failed(error);
    // not before whoever makes it has it
    queueMicrotask(() => this.#around.onEnd());
  }

  #tell(event: JobEvent): void {
    const { reporter } = this.#around;
    if (event.kind === 'status') {
      if (event.status === 'RUNNING' && !this.#stopping && this.#reads) this.#tellRunning();
      else if (event.status === 'SUSPENDED')
        reporter.tell({ event: 'suspended', text: 'SUSPENDED', facts: { job: this.route.name } });
    } else if (event.kind === 'sinks-away') {
      this.#away = event.sinks;
    } else if (event.kind !== 'store-unused') {
      // that one route of several needs no directory is no mistake
      tellJobEvent(event, reporter);
    }
  }

  #tellRunning(): void {
    const { from, to, qos, guarantee } = this.route.options;
    const away = this.#away;
    this.#away = [];
    const waiting = away.length === 0 ? '' : '; the other side is not connected yet: what is for it is stored';
    const text = `RUNNING ${from.url} to ${to.url}, QoS ${qos}, ${guarantee}${waiting}`;
    this.#around.reporter.tell({ event: 'running', text, facts: { job: this.route.name, away } });
  }
}
