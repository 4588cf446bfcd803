import { MillraceError } from '../../errors/millrace-error.js';
import { type Deferred, deferred } from '../../internal/deferred.js';
import { type JobStatus, type JobTransition, nextStatus } from './job-status.js';
import { warnOfFailure } from './warn-of-failure.js';

/** What the status of a job is watched with. */
export interface WatchedStatusParts {
  /** The name of the job. */
  readonly job: string;
  /** Somebody will learn of a failure, also when nobody waits. */
  readonly observed: boolean;
  /** Told of each change, before those who wait. It may call the job. */
  readonly tell: (status: JobStatus, error: MillraceError | undefined) => void;
}

/** The status of a job, who is told of it, and who waits for it. */
export class WatchedStatus {
  readonly #parts: WatchedStatusParts;
  readonly #completion = quiet(deferred<void>());
  #running = quiet(deferred<void>());
  #status: JobStatus = 'NOT_RUNNING';
  /** Whether somebody will learn of a failure. */
  #observed: boolean;

  constructor(parts: WatchedStatusParts) {
    this.#parts = parts;
    this.#observed = parts.observed;
  }

  get now(): JobStatus {
    return this.#status;
  }

  /** As `join` of a job. */
  get completion(): Promise<void> {
    this.#observed = true;
    return this.#completion.promise;
  }

  /** As `whenRunning` of a job. */
  get running(): Promise<void> {
    this.#observed = true;
    return this.#running.promise;
  }

  /** @throws MillraceError INTERNAL for what cannot happen */
  move(transition: JobTransition, error?: MillraceError): void {
    // whoever waits for a run that never came to run goes on waiting for the next
    const stops = transition === 'suspended' || transition === 'restarting';
    if (stops && this.#status === 'RUNNING') this.#running = quiet(deferred<void>());
    this.#status = nextStatus(this.#status, transition);
    this.#parts.tell(this.#status, error);
  }

  /** It runs, whatever is asked of it by now. */
  runs(): void {
    if (this.#status === 'STARTING') this.move('started');
    this.#running.resolve();
  }

  complete(): void {
    // nothing where it has run
    this.#running.reject(new MillraceError('ABORTED', `job "${this.#parts.job}" was drained before it ran`));
    this.move('completed');
    this.#completion.resolve();
  }

  fail(error: MillraceError): void {
    this.move('fail', error);
    this.#running.reject(error);
    this.#completion.reject(error);
    if (!this.#observed && error.code !== 'ABORTED') warnOfFailure(this.#parts.job, error);
  }
}

/** A deferred whose rejection may stay unobserved. */
const quiet = <T>(one: Deferred<T>): Deferred<T> => {
  one.promise.catch(() => {});
  return one;
};
