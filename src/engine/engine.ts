import type { ClusterEngine } from '../cluster/engine/cluster-engine.js';
import type { ClusterOptions } from '../cluster/engine/cluster-options.js';
import { MillraceError } from '../errors/millrace-error.js';
import { onceLoaded } from '../internal/once-loaded.js';
import { checkOptions, type OptionChecks } from '../internal/options/check-options.js';
import { invalidOptions } from '../internal/options/invalid-options.js';
import { flag, text, withMethods } from '../internal/options/option-checks.js';
import { refuseMore } from '../internal/options/refuse-more.js';
import { foreignText } from '../internal/visible-text.js';
import { OperatorWarnings } from '../metrics/warnings/operator-warnings.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { DirectoryStores } from '../store/directory-stores.js';
import type { StoreProvider } from '../store/store.js';
import { checkDirectory } from './check-directory.js';
import { EngineClaims } from './job/engine-claims.js';
import { Job } from './job/job.js';
import { type JobOptions, type ResolvedJobOptions, resolveJobOptions } from './job/job-options.js';
import { planOfJob } from './job/job-plan.js';
import { nameless, nameTaken, prepareRun } from './job/prepare-run.js';
import { tellObserver } from './job/tell-observer.js';
import type { JobRunner } from './job-runner.js';
import type { JobSnapshot } from './snapshot/job-snapshot.js';
import { SnapshotShelf } from './snapshot/snapshot-shelf.js';

/** Where an engine keeps what is durable. Without either it runs jobs that need no store. */
export interface EngineOptions {
  /**
   * The directory of the durable state, for jobs with exactly-once or with at-least-once and state. It must be writable; the first such
   * job makes it when it is missing, and makes this process its owner, until `shutdown` or the end of the process. A job that keeps
   * nothing there says so with the event `store-unused`.
   */
  readonly dir?: string | undefined;
  /** Instead of a directory: where else stores are, e.g. `new MemoryStores()` for tests of a pipeline. `shutdown` closes it. */
  readonly stores?: StoreProvider | undefined;
  /**
   * Whether jobs say as warnings of the process (`process.emitWarning`, codes `MILLRACE_…`) what whoever runs them must know: a source or a
   * sink that is not connected for a while, and what weakens a guarantee. Default true. A failure that nobody would learn of is always
   * said.
   */
  readonly warnings?: boolean | undefined;
}

const ENGINE: OptionChecks<EngineOptions> = {
  dir: text,
  stores: withMethods('a StoreProvider', 'open', 'close'),
  warnings: flag,
};

const resolveEngineOptions = (given: EngineOptions): EngineOptions => {
  const { options, problems } = checkOptions('the engine', given, ENGINE);
  if (problems.length > 0) throw invalidOptions('engine', problems);
  return options;
};

const loadCluster = onceLoaded(() => import('../cluster/engine/open-cluster.js'));

/** Runs jobs in this process. */
export class Engine implements JobRunner {
  readonly #stores: StoreProvider | undefined;
  readonly #warns: boolean;
  readonly #jobs = new Map<string, Job>();
  readonly #claims = new EngineClaims();
  #named = 0;
  #shutDown = false;

  private constructor(stores: StoreProvider | undefined, warns: boolean) {
    this.#stores = stores;
    this.#warns = warns;
  }

  /** @throws MillraceError STORAGE_FAILED when `dir` cannot be made or written to, INVALID_OPTIONS for both `dir` and `stores` */
  static embedded(options: EngineOptions = {}): Engine {
    const { dir, stores, warnings = true } = resolveEngineOptions(options);
    if (dir === undefined) return new Engine(stores, warnings);
    if (stores !== undefined) throw new MillraceError('INVALID_OPTIONS', 'an engine has a dir or stores, not both');
    checkDirectory(dir);
    return new Engine(new DirectoryStores(dir, { onSnapshotFailed: warnOfSnapshot }), warnings);
  }

  /**
   * Becomes a node of a cluster: its jobs run on all nodes that bring them, and go on at the others when one is lost. The nodes meet at
   * NATS servers with JetStream, of version 2.12 or newer; `@nats-io/transport-node`, `jetstream`, `kv` and `obj` must be installed beside.
   * @throws MillraceError INVALID_OPTIONS, UNSUPPORTED without the packages or with older servers, CLUSTER_UNREACHABLE, BAD_CREDENTIALS,
   * TLS_REFUSED, STORE_LOCKED when `dir` has an owner
   */
  static async cluster(options: ClusterOptions): Promise<ClusterEngine> {
    return (await loadCluster()).openCluster(options);
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
   * @throws MillraceError INVALID_OPTIONS (also for a job with a store that has no name), GUARANTEE_UNSUPPORTED, DUPLICATE_SESSION;
   * INVALID_STATE when the name is taken or the engine is shut down
   */
  newJob(pipeline: Pipeline, options: JobOptions = {}): Job {
    if (this.#shutDown) throw new MillraceError('INVALID_STATE', 'the engine is shut down');
    const resolved = resolveJobOptions(options, this.#freeName());
    const prepared = prepareRun(pipeline, resolved, this.#stores);
    const { run, parts, engineClaims } = prepared;
    if (run.stores !== undefined && options.name === undefined) throw nameless();
    const { name } = resolved;
    if (this.#jobs.has(name)) throw nameTaken(name);
    this.#claims.add(name, engineClaims);
    const warnings = this.#warns ? new OperatorWarnings({ what: `job "${name}"`, job: name, ...parts }) : undefined;
    const job = new Job({
      options: resolved,
      run,
      plan: planOfJob(prepared),
      warnings,
      onFinal: () => this.#forget(name),
    });
    this.#jobs.set(name, job);
    if (run.stores === undefined) this.#tellUnusedStore(resolved);
    return job;
  }

  /**
   * The snapshots that jobs have exported here, oldest first.
   * @throws MillraceError UNSUPPORTED without a directory; STORE_CORRUPT for one that is damaged
   */
  async snapshots(): Promise<readonly JobSnapshot[]> {
    return SnapshotShelf.of(this.#stores).list();
  }

  /** Removes a snapshot. @throws MillraceError UNSUPPORTED without a directory; INVALID_OPTIONS where there is none of that name */
  async deleteSnapshot(name: string): Promise<void> {
    await SnapshotShelf.of(this.#stores).remove(name);
  }

  /** Drains every job and refuses new ones. Resolves when all have ended; their failures are told by `join`. */
  async shutdown(): Promise<void> {
    this.#shutDown = true;
    await Promise.all(this.jobs.map((job) => job.drain()));
    await this.#stores?.close();
  }

  /** Shuts down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #forget(name: string): void {
    this.#jobs.delete(name);
    this.#claims.delete(name);
  }

  #freeName(): string {
    do this.#named += 1;
    while (this.#jobs.has(`job-${this.#named}`));
    return `job-${this.#named}`;
  }

  #tellUnusedStore({ name, onEvent }: ResolvedJobOptions): void {
    if (this.#stores === undefined) return;
    tellObserver(onEvent, { kind: 'store-unused', job: name, dir: this.#stores.location });
  }

  static {
    refuseMore('Engine', { embedded: 1, cluster: 1 }, Engine);
    // a handler of a signal is given the signal: `process.on('SIGTERM', engine.shutdown.bind(engine))`
    const shutdown = Number.POSITIVE_INFINITY;
    refuseMore('the engine', { getJob: 1, newJob: 2, snapshots: 0, deleteSnapshot: 1, shutdown }, Engine.prototype);
  }
}

/** Whatever is said of warnings: no event tells it. */
const warnOfSnapshot = ({ job }: { readonly job: string }, { message }: MillraceError): void =>
  process.emitWarning(`job "${job}": ${foreignText(message)}`, {
    code: 'MILLRACE_SNAPSHOT_FAILED',
    detail:
      'Nothing is lost. Its log grows until the next snapshot, which is tried when it has grown as much again: look at the disk.',
  });
