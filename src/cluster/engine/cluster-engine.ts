import { EngineClaims } from '../../engine/job/engine-claims.js';
import { resolveJobOptions, resolveRestart } from '../../engine/job/job-options.js';
import { planOfJob } from '../../engine/job/job-plan.js';
import { nameless, nameTaken, type PreparedRun, prepareRun } from '../../engine/job/prepare-run.js';
import type { JobRunner } from '../../engine/job-runner.js';
import { MillraceError } from '../../errors/index.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { unlessAborted } from '../../internal/waiting/unless-aborted.js';
import { OperatorWarnings } from '../../metrics/warnings/operator-warnings.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { StoreProvider } from '../../store/store.js';
import { exchangeEnds } from '../exchange/exchange-ends.js';
import { Generation } from '../exchange/generation.js';
import { KEY_HASH } from '../exchange/key-partition.js';
import { splitGraph } from '../exchange/split-graph.js';
import { ClusterJob } from '../job/cluster-job.js';
import { type ClusterJobOptions, type ClusterOnly, splitOptions } from '../job/cluster-job-options.js';
import type { JobAtNode, Joined } from '../job/job-at-node.js';
import { CLUSTER_FORMAT } from '../manifest/cluster-manifest.js';
import type { DesiredState } from '../manifest/desired-state.js';
import { errorOf } from '../manifest/told-error.js';
import { Members } from '../members/members.js';
import { ClaimsDriver, type ClaimsHandler } from '../node/claims-driver.js';
import { NodePartitions } from '../node/node-partitions.js';
import { answeredBy } from './answered-by.js';
import type { ClusterPlace } from './cluster-place.js';
import { loadParts } from './load-parts.js';
import { planLines } from './plan-lines.js';
import { refusePartitions } from './refuse-partitions.js';

const noSnapshots = (job: string): MillraceError =>
  new MillraceError('UNSUPPORTED', `job "${job}" runs on a cluster, where none begins with a snapshot`, {
    advice: 'Leave out initialSnapshot; or run it in one process: Engine.embedded({ dir }).',
  });

/** What an engine of a cluster is made of. */
export interface ClusterEngineParts {
  readonly place: ClusterPlace;
  readonly node: string;
  readonly leaseMs: number;
  readonly standbys: number;
  /** As in `EngineOptions`. */
  readonly warnings: boolean;
}

/** Runs jobs on several nodes; this process is one of them. `Engine.cluster` opens it. */
export class ClusterEngine implements JobRunner {
  readonly #parts: ClusterEngineParts;
  readonly #jobs = new Map<string, ClusterJob>();
  readonly #claims = new EngineClaims();
  #shutDown = false;

  /** @internal */
  constructor(parts: ClusterEngineParts) {
    this.#parts = parts;
    parts.place.onStalled(({ job, ...stall }) => this.#jobs.get(job)?.tell({ kind: 'commit-stalled', job, ...stall }));
  }

  /** Of this process among the others. */
  get nodeId(): string {
    return this.#parts.node;
  }

  /** The jobs of this node that have not ended. */
  get jobs(): readonly ClusterJob[] {
    return [...this.#jobs.values()];
  }

  /** The job of that name, where it has not ended. */
  getJob(name: string): ClusterJob | undefined {
    return this.#jobs.get(name);
  }

  /**
   * Takes part in a job, and starts it where it does not run. Every node brings the same pipeline and options.
   * @throws MillraceError INVALID_OPTIONS, GUARANTEE_UNSUPPORTED, DUPLICATE_SESSION; INVALID_STATE when the name is taken or the engine is
   * shut down. What the others do not agree with (JOB_CHANGED) fails the job at this node.
   */
  newJob(pipeline: Pipeline, options: ClusterJobOptions): ClusterJob {
    if (this.#shutDown) throw new MillraceError('INVALID_STATE', 'the engine is shut down');
    const { own, rest, problems } = splitOptions(options);
    if (problems.length > 0) throw invalidOptions('job', problems);
    const { onEvent, ...others } = rest;
    const resolved = resolveJobOptions(others, '');
    if (resolved.name === '') throw nameless();
    if (this.#jobs.has(resolved.name)) throw nameTaken(resolved.name);
    if (resolved.initialSnapshot !== undefined) throw noSnapshots(resolved.name);
    const { partitions = 1, ...changes } = own;
    const generation = new Generation();
    const divided = this.#divided(pipeline, { job: resolved.name, partitions, generation });
    const prepared = prepareRun(divided, resolved, NO_STORES, partitions);
    if (partitions > 1) refusePartitions(prepared.plan, partitions);
    this.#claims.add(resolved.name, prepared.engineClaims);
    const { name } = resolved;
    const warned = { what: `job "${name}"`, job: name, ...prepared.parts };
    const warnings = this.#parts.warnings ? new OperatorWarnings(warned) : undefined;
    const job = new ClusterJob({
      options: resolved,
      onEvent,
      run: prepared.run,
      plan: planOfJob(prepared),
      partitions,
      onGeneration: (now) => generation.set(now),
      join: (one, signal) => this.#join(one, { prepared, partitions, changes, options: resolved, warnings, signal }),
      onFinal: () => {
        warnings?.[Symbol.dispose]();
        this.#forget(resolved.name);
      },
    });
    this.#jobs.set(resolved.name, job);
    return job;
  }

  /** Hands over what this node has, and refuses new jobs; the jobs go on at the other nodes. */
  async shutdown(): Promise<void> {
    this.#shutDown = true;
    await Promise.all(this.jobs.map((job) => job.leaveNode()));
    await this.#parts.place.close();
  }

  /** Shuts down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** With an exchange in front of each stage that keeps state by key; what is no pipeline is refused as anywhere. */
  #divided(pipeline: Pipeline, { job, partitions, generation }: Division): Pick<Pipeline, 'toGraph'> {
    if (partitions === 1 || typeof Object(pipeline).toGraph !== 'function') return pipeline;
    const edges = () => this.#parts.place.edgesOf(job);
    const graph = splitGraph(pipeline.toGraph(), {
      partitions,
      endsOf: (name, grouping) => exchangeEnds({ name, ...grouping, edges, generation }),
    });
    return { toGraph: () => graph };
  }

  #forget(name: string): void {
    this.#jobs.delete(name);
    this.#claims.delete(name);
  }

  async #join(job: JobAtNode, joining: Joining): Promise<Joined> {
    const { prepared, partitions, changes, options, warnings, signal } = joining;
    const { place, node, leaseMs, standbys } = this.#parts;
    const { run } = prepared;
    const { allowPlanChange = false, beginAgain = false } = changes;
    void loadParts(prepared.plan);
    const bucket = await unlessAborted(place.openBucket(job.name, signal), signal);
    const members = new Members(bucket, job.name, signal);
    const plan = planLines(prepared.plan);
    const manifest = { format: CLUSTER_FORMAT, partitions, hash: KEY_HASH, plan, epochBase: 0 };
    const patience = { endsAt: performance.now() + place.patienceMs, signal };
    await answeredBy(patience, () => members.settleManifest(manifest, { allowPlanChange }));
    const { desired, begun } = await answeredBy(patience, () => members.begin(beginAgain));
    this.#tellBegun(job, desired.state, begun);
    const durable = run.stores !== undefined;
    let driver: ClaimsDriver | undefined;
    const partitionsHere = new NodePartitions({
      run: { ...run, partitions },
      durable,
      restart: resolveRestart(options, durable),
      logs: place.logs,
      views: place.views,
      heads: {
        reached: ({ partition }) => members.reached(partition),
        note: ({ partition }, seq) => members.noteReached(partition, seq),
      },
      pass: (partition, signal) => driver?.pass(partition, signal),
      unfit: (partition) => driver?.failed(partition) ?? 0,
      proved: (partition) => driver?.proved(partition),
      tell: (event) => job.tell(event),
      warnings,
      failed: (error) => job.fail(error),
      ended: () => driver?.say(),
    });
    const handler: ClaimsHandler = {
      act: (action) => job.act(action),
      said: () => partitionsHere.said(),
      desired: (seen) => job.desired(seen),
      unreachable: (error) => job.tell({ kind: 'cluster-unreachable', job: job.name, error }),
      failed: (error) => job.failNode(error),
    };
    driver = await answeredBy(patience, async () => {
      const joined = await ClaimsDriver.join(members, { node, partitions, standbys, leaseMs }, handler);
      // given up meanwhile: the others are not to count on a member that is none
      if (signal.aborted) await joined.close();
      return joined;
    });
    const { generation } = desired;
    return { driver, node: partitionsHere, generation, desire: (ask) => members.desire(ask) };
  }

  #tellBegun(job: JobAtNode, { status }: DesiredState, begun: DesiredState | undefined): void {
    if (begun !== undefined && begun.status !== 'running' && begun.status !== 'suspended') {
      const error = begun.status === 'failed' ? errorOf(begun.error) : undefined;
      job.tell({ kind: 'begun-again', job: job.name, after: begun.status, error });
    } else if (status === 'completed' || status === 'cancelled') {
      job.tell({ kind: 'ended-before', job: job.name, after: status });
    }
  }
}

interface Division {
  readonly job: string;
  readonly partitions: number;
  readonly generation: Generation;
}

interface Joining {
  readonly prepared: PreparedRun;
  readonly partitions: number;
  readonly changes: Omit<ClusterOnly, 'partitions'>;
  readonly options: ReturnType<typeof resolveJobOptions>;
  readonly warnings: OperatorWarnings | undefined;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/** That there will be some is all that is asked before a job joins. */
const NO_STORES: StoreProvider = {
  location: 'a cluster',
  open: () => Promise.reject(new MillraceError('INTERNAL', 'a partition has a store of its own')),
  close: async () => {},
};
