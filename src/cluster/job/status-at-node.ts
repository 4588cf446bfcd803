import { type JobStatus, type JobTransition, nextStatus } from '../../engine/job/job-status.js';
import { tellObserver } from '../../engine/job/tell-observer.js';
import { warnOfFailure } from '../../engine/job/warn-of-failure.js';
import { MillraceError } from '../../errors/index.js';
import { type Deferred, deferred } from '../../internal/deferred.js';
import type { ClusterJobEvent } from '../node/cluster-event.js';

/** The status of a job as one node has it, who is told of it, and who waits for it. */
export class StatusAtNode {
  readonly #job: string;
  readonly #onEvent: ((event: ClusterJobEvent) => void) | undefined;
  readonly #completion = quiet(deferred<void>());
  #running = quiet(deferred<void>());
  #status: JobStatus = 'NOT_RUNNING';
  /** Whether somebody will learn of a failure. */
  #observed: boolean;

  constructor(job: string, onEvent: ((event: ClusterJobEvent) => void) | undefined) {
    this.#job = job;
    this.#onEvent = onEvent;
    this.#observed = onEvent !== undefined;
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

  tell(event: ClusterJobEvent): void {
    tellObserver(this.#onEvent, event);
  }

  /** @throws MillraceError INTERNAL for what cannot happen */
  move(transition: JobTransition, error?: MillraceError): void {
    // who waits for it to run since before it ran goes on waiting
    if (transition === 'suspended' && this.#status === 'RUNNING') this.#running = quiet(deferred<void>());
    this.#status = nextStatus(this.#status, transition);
    this.tell({ kind: 'status', job: this.#job, status: this.#status, error });
    if (transition === 'started') this.#running.resolve();
  }

  complete(): void {
    this.#running.reject(new MillraceError('ABORTED', `job "${this.#job}" was drained before it ran`));
    this.move('completed');
    this.#completion.resolve();
  }

  fail(error: MillraceError): void {
    this.move('fail', error);
    this.#running.reject(error);
    this.#completion.reject(error);
    if (!this.#observed && error.code !== 'ABORTED') warnOfFailure(this.#job, error);
  }
}

/** A deferred whose rejection may stay unobserved. */
const quiet = <T>(one: Deferred<T>): Deferred<T> => {
  one.promise.catch(() => {});
  return one;
};
