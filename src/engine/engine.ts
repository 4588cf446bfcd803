import { accessSync, constants, mkdirSync } from 'node:fs';
import { checkClaims } from '../connector/check-claims.js';
import { MillraceError } from '../errors/millrace-error.js';
import { compilePipeline } from '../pipeline/compile-pipeline.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { Job } from './job.js';
import { resolveGuarantee } from './job-guarantee.js';
import { type JobOptions, type ResolvedJobOptions, resolveJobOptions } from './job-options.js';
import { planPorts } from './job-ports.js';
import type { JobRunOptions } from './job-run.js';
import { createTallies } from './job-tallies.js';
import { tellObserver } from './tell-observer.js';

export interface EngineOptions {
  /**
   * The directory of the durable state. It is made when it is missing, and must be writable. No guarantee of this version needs
   * a store, so each job says with the event `store-unused` that it keeps nothing there.
   */
  readonly dir?: string | undefined;
}

/** Runs jobs in this process. */
export class Engine implements AsyncDisposable {
  readonly #dir: string | undefined;
  readonly #jobs = new Map<string, Job>();
  #named = 0;
  #shutDown = false;

  private constructor(dir: string | undefined) {
    this.#dir = dir;
  }

  /** @throws MillraceError STORAGE_FAILED when `dir` cannot be made or written to */
  static embedded(options: EngineOptions = {}): Engine {
    if (options.dir !== undefined) claimDirectory(options.dir);
    return new Engine(options.dir);
  }

  /** The jobs that have not ended. */
  get jobs(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** The job of that name that has not ended. */
  getJob(name: string): Job | undefined {
    return this.#jobs.get(name);
  }

  /**
   * Checks the pipeline and starts it. What cannot work is thrown here; what fails later fails the job.
   * @throws MillraceError INVALID_OPTIONS, GUARANTEE_UNSUPPORTED, DUPLICATE_SESSION; INVALID_STATE when the name is taken or
   * the engine is shut down
   */
  newJob(pipeline: Pipeline, options: JobOptions = {}): Job {
    if (this.#shutDown) throw new MillraceError('INVALID_STATE', 'the engine is shut down');
    const resolved = resolveJobOptions(options, this.#freeName());
    const run = prepareRun(pipeline, resolved);
    const { name } = resolved;
    if (this.#jobs.has(name)) {
      throw new MillraceError('INVALID_STATE', `a job named "${name}" is there already`, {
        advice: 'Choose another name, or wait for that job to end: getJob(name).join().',
      });
    }
    const job = new Job({ options: resolved, run, onFinal: () => this.#jobs.delete(name) });
    this.#jobs.set(name, job);
    this.#tellUnusedDirectory(resolved);
    return job;
  }

  /** Drains every job and refuses new ones. Resolves when all have ended; their failures are told by `join`. */
  async shutdown(): Promise<void> {
    this.#shutDown = true;
    await Promise.all(this.jobs.map((job) => job.drain()));
  }

  /** Shuts down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #freeName(): string {
    do this.#named += 1;
    while (this.#jobs.has(`job-${this.#named}`));
    return `job-${this.#named}`;
  }

  #tellUnusedDirectory({ name, onEvent }: ResolvedJobOptions): void {
    if (this.#dir === undefined) return;
    tellObserver(onEvent, { kind: 'store-unused', job: name, dir: this.#dir });
  }
}

const claimDirectory = (dir: string): void => {
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.W_OK);
  } catch (error) {
    throw MillraceError.from(error, 'STORAGE_FAILED', `the engine's directory ${dir}`);
  }
};

/** Checks all that can be checked before anything is opened. */
const prepareRun = (pipeline: Pipeline, options: ResolvedJobOptions): JobRunOptions => {
  const graph = pipeline.toGraph();
  const { sources, sinks: pipelineSinks } = compilePipeline(graph);
  const { sinks } = planPorts({ sources, sinks: pipelineSinks });
  const guarantee = resolveGuarantee(options.processingGuarantee, { sources, sinks });
  checkClaims([
    ...sources.map(({ name, source }) => ({ name, claims: source.claims })),
    ...sinks.map(({ name, sink }) => ({ name, claims: sink.claims })),
  ]);
  const { name, metrics, drainTimeoutMs, maxItemsInFlight, maxBytesInFlight } = options;
  const tallies = createTallies(metrics, name);
  return { graph, job: name, guarantee, metrics, tallies, drainTimeoutMs, maxItemsInFlight, maxBytesInFlight };
};
