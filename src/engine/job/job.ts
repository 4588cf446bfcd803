import { randomUUID } from 'node:crypto';
import { MillraceError } from '../../errors/millrace-error.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { OperatorWarnings } from '../../metrics/warnings/operator-warnings.js';
import type { JobRunOptions } from '../opening/job-run-options.js';
import type { RunParts } from '../opening/run-parts.js';
import { JobRun } from '../run/job-run.js';
import { exportSnapshot } from '../snapshot/export-snapshot.js';
import type { JobSnapshot } from '../snapshot/job-snapshot.js';
import { type JobMetrics, NO_RUN, readJobMetrics } from './job-metrics.js';
import { type ResolvedJobOptions, resolveRestart } from './job-options.js';
import type { JobPlan } from './job-plan.js';
import { isFinal, type JobStatus } from './job-status.js';
import { JobTeller } from './job-teller.js';
import { RestartPolicy } from './restart-policy.js';
import type { RunningJob } from './running-job.js';
import { WatchedStatus } from './watched-status.js';

/** What becomes of the job when its run ends without a failure. */
type Intent = 'complete' | 'suspend' | 'restart';

/** What the engine makes a job of. */
export interface JobParts {
  /** What the user asked for. */
  readonly options: ResolvedJobOptions;
  /** What each of its runs is told. */
  readonly run: JobRunOptions;
  /** What it shows of itself. */
  readonly plan: JobPlan;
  /** undefined: nothing is said as a warning but a failure that nobody would learn of. */
  readonly warnings: OperatorWarnings | undefined;
  /** Called once, when the job will never run again. */
  readonly onFinal: () => void;
}

/** A pipeline that runs, or has run. `Engine.newJob` makes it and starts it. */
export class Job implements RunningJob {
  /** New with each `newJob`, for logs: what is stored goes by the name. */
  readonly id: string = randomUUID();
  readonly #parts: JobParts;
  readonly #teller: JobTeller;
  readonly #status: WatchedStatus;
  /** Undefined between two runs, and after the last. */
  #run: JobRun | undefined;
  /** Settles, and never rejects, when the present run is over. True when everything in flight was delivered. */
  #runOver: Promise<boolean> = Promise.resolve(true);
  #intent: Intent = 'complete';
  readonly #restarts: RestartPolicy;
  /** What the outboxes had when the last run ended. */
  #left = NO_RUN.stored;
  /** Ends the wait for the next run. */
  #backoff: AbortController | undefined;
  #startedMs = 0;
  /** How many inputs were complete when the present run began. */
  #acknowledgedBefore = 0;

  /** @internal Made by the engine. */
  constructor(parts: JobParts) {
    this.#parts = parts;
    this.#teller = new JobTeller(parts);
    this.#restarts = new RestartPolicy(resolveRestart(parts.options, parts.run.stores !== undefined));
    this.#status = new WatchedStatus({
      job: parts.options.name,
      observed: parts.options.onEvent !== undefined,
      tell: (status, error) => this.#teller.status(status, error),
    });
    this.#start();
    const { signal } = parts.options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted) this.#onAbort();
  }

  /** `Engine.getJob` finds it by this until it ends, and a store what it has of it. */
  get name(): string {
    return this.#parts.options.name;
  }

  /** Does not change once it is COMPLETED or FAILED. */
  get status(): JobStatus {
    return this.#status.now;
  }

  /** Resolves when the job has completed; rejects with the error that failed it, ABORTED when it was cancelled. */
  join(): Promise<void> {
    return this.#status.completion;
  }

  /** What it is made of: the same for as long as it lives. */
  get plan(): JobPlan {
    return this.#parts.plan;
  }

  /**
   * Resolves when the job runs: every source is subscribed and every sink is connected. A sink of a job with a store that was connected
   * at an earlier start may be away: what is for it is stored, and `onEvent` is told `sinks-away` before. Rejects when it fails before, and
   * with ABORTED when it is drained or cancelled before.
   */
  whenRunning(): Promise<void> {
    return this.#status.running;
  }

  /** Stops at once. What is in flight is not acknowledged. The job has FAILED with ABORTED, as in Jet. Resolves when all is closed. */
  async cancel(reason?: unknown): Promise<void> {
    if (isFinal(this.#status.now)) return;
    const error = new MillraceError(
      'ABORTED',
      `job "${this.name}" was cancelled`,
      reason === undefined ? {} : { cause: reason },
    );
    // else the run fails with it, when all of it is closed
    if (this.#run === undefined) this.#fail(error);
    this.#run?.stop(error);
    this.#backoff?.abort();
    await this.#runOver;
  }

  /**
   * Stops gracefully: polls no more, waits up to `drainTimeoutMs` for what is in flight, closes keeping the sessions. `resume`
   * goes on from there. Resolves with true when everything in flight was delivered and acknowledged.
   * @throws MillraceError INVALID_STATE when the job is completing or has ended
   */
  suspend(): Promise<boolean> {
    return this.#stopFor('suspend', 'suspend');
  }

  /** Starts a suspended job again. Resolves when it runs. @throws MillraceError INVALID_STATE when it is not suspended */
  async resume(): Promise<void> {
    if (this.#status.now !== 'SUSPENDED') throw this.#wrongState('resume');
    this.#start();
    await this.whenRunning();
  }

  /** Suspends and resumes. Resolves when it runs again. @throws MillraceError INVALID_STATE when it is not running */
  async restart(): Promise<void> {
    if (this.#status.now === 'SUSPENDED') throw this.#wrongState('restart');
    await this.#stopFor('restart', 'restart');
    await this.whenRunning();
  }

  /** Stops gracefully like `suspend`, for good: the job completes. Resolves with true when everything in flight was delivered. */
  async drain(): Promise<boolean> {
    if (isFinal(this.#status.now)) return this.#runOver;
    this.#intent = 'complete';
    if (this.#status.now !== 'COMPLETING') this.#status.move('complete');
    if (this.#run === undefined) this.#complete();
    this.#run?.drain();
    this.#backoff?.abort();
    return this.#runOver;
  }

  /**
   * Exports what the stages of the job keep (state, pending calls, known keys) under a name, as of one commit, while it goes on. Everything that was
   * acknowledged before the call is in it. Resolves when it is durable. When all sources have ended every window is told: of a job that is
   * exported behind that a window whose time had not come is told again by the job that begins with it, of what comes there.
   * @throws MillraceError UNSUPPORTED for a job without a store; INVALID_STATE when there is a snapshot of that name, or nothing was stored yet;
   * INVALID_OPTIONS for what cannot be a name; STORE_FULL, STORAGE_FAILED, STORE_CORRUPT
   */
  exportSnapshot(name: string): Promise<JobSnapshot> {
    const { job, partition, stores } = this.#parts.run;
    return exportSnapshot(stores, { job, partition, name });
  }

  /** The job's numbers as they stand. */
  metrics(): JobMetrics {
    const { run, options } = this.#parts;
    return readJobMetrics(run.tallies, this.#run ?? { ...NO_RUN, stored: this.#left }, options);
  }

  /** Drains the job. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  readonly #onAbort = (): void => {
    void this.cancel(this.#parts.options.signal?.reason);
  };

  #start(): void {
    const run = new JobRun(this.#parts.run);
    this.#startedMs = performance.now();
    this.#acknowledgedBefore = this.#parts.run.tallies.acknowledged.value;
    this.#intent = 'complete';
    this.#run = run;
    this.#runOver = this.#supervise(run);
  }

  async #supervise(run: JobRun): Promise<boolean> {
    this.#status.move('start');
    try {
      const outcome = await run.execute((parts) => this.#handleOpen(parts));
      this.#leave(run);
      this.#handleEnd(outcome === 'ended' ? 'complete' : this.#intent);
      return outcome !== 'drain-timed-out';
    } catch (error) {
      this.#leave(run);
      return this.#handleFailure(MillraceError.from(error));
    }
  }

  #leave(run: JobRun): void {
    // before it is forgotten: until the next run `metrics` tells of the outboxes what this one has left
    this.#left = run.stored;
    this.#run = undefined;
    if (run.stoppedEarly !== undefined) this.#teller.stoppedEarly(run.stoppedEarly);
  }

  /** Runs the job again where that may help. Resolves when that is decided, and waited for. */
  async #handleFailure(error: MillraceError): Promise<boolean> {
    // whoever has asked for the end wants no further run
    const stopping = this.#status.now === 'COMPLETING' || this.#intent === 'suspend';
    const ranMs = performance.now() - this.#startedMs;
    const progressed = this.#parts.run.tallies.acknowledged.value > this.#acknowledgedBefore;
    const waitMs = stopping ? undefined : this.#restarts.after(error, { ranMs, progressed });
    if (waitMs === undefined) {
      this.#fail(error);
      return false;
    }
    const backoff = new AbortController();
    this.#backoff = backoff;
    this.#status.move('restarting');
    this.#parts.run.tallies.restarts.add();
    this.#teller.restarting(error, this.#restarts.attempts, waitMs);
    await abortableWait(waitMs, backoff.signal);
    this.#backoff = undefined;
    // it may have been cancelled, drained or suspended meanwhile
    if (this.#status.now === 'NOT_RUNNING') this.#start();
    return true;
  }

  #handleOpen(parts: RunParts): void {
    this.#teller.opened(parts);
    this.#status.runs();
  }

  #handleEnd(intent: Intent): void {
    switch (intent) {
      case 'complete':
        if (this.#status.now !== 'COMPLETING') this.#status.move('complete');
        this.#complete();
        break;
      case 'suspend':
        this.#status.move('suspended');
        break;
      case 'restart':
        this.#status.move('restarting');
        // an observer of that may have cancelled the job
        if (!isFinal(this.#status.now)) this.#start();
        break;
    }
  }

  #stopFor(intent: Intent, action: string): Promise<boolean> {
    if (this.#status.now === 'SUSPENDED') return this.#runOver;
    if (this.#backoff !== undefined && intent === 'suspend') {
      this.#status.move('suspended');
      this.#backoff.abort();
      return this.#runOver;
    }
    if (this.#run === undefined || this.#status.now === 'COMPLETING') return Promise.reject(this.#wrongState(action));
    this.#intent = intent;
    this.#run.drain();
    return this.#runOver;
  }

  /** Does nothing when an observer of the status has cancelled the job meanwhile. */
  #complete(): void {
    if (isFinal(this.#status.now)) return;
    this.#status.complete();
    this.#finish();
  }

  #fail(error: MillraceError): void {
    if (isFinal(this.#status.now)) return;
    this.#status.fail(error);
    this.#finish();
  }

  #finish(): void {
    this.#parts.options.signal?.removeEventListener('abort', this.#onAbort);
    this.#teller[Symbol.dispose]();
    this.#parts.onFinal();
  }

  #wrongState(action: string): MillraceError {
    return new MillraceError('INVALID_STATE', `cannot ${action} job "${this.name}": it is ${this.#status.now}`);
  }
}
