import { type Claimant, checkClaims } from '../../connector/check-claims.js';
import type { SourceDefinition } from '../../connector/source.js';
import { MillraceError } from '../../errors/millrace-error.js';
import type { Warned } from '../../metrics/warnings/operator-warnings.js';
import { compilePipeline } from '../../pipeline/compile/compile-pipeline.js';
import type { PipelinePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { StoreProvider } from '../../store/store.js';
import { planPorts } from '../opening/job-ports.js';
import type { JobRunOptions } from '../opening/job-run-options.js';
import { createTallies } from '../tick/job-tallies.js';
import { resolveGuarantee } from './job-guarantee.js';
import type { ResolvedJobOptions } from './job-options.js';

/** From JavaScript: the end of a chain is a stage, not the pipeline. */
const noPipeline = (): MillraceError =>
  new MillraceError('INVALID_OPTIONS', 'newJob was given no pipeline', {
    advice: 'Give it what Pipeline.create() made. What readFrom, map or writeTo give is a stage of it.',
  });

/** What is stored and asked for goes by the name. */
export const nameTaken = (name: string): MillraceError =>
  new MillraceError('INVALID_STATE', `a job named "${name}" is there already`, {
    advice: 'Choose another name, or wait for that job to end: getJob(name).join().',
  });

/** Numbers change with the order of the jobs, and with each that is started again: another's state would be found under them. */
export const nameless = (): MillraceError =>
  new MillraceError(
    'INVALID_OPTIONS',
    'a job with a store needs a name: it finds its state under it at the next start',
    {
      advice:
        "newJob(pipeline, { name: 'orders', … }); millrace run takes it from the module: export const config = { name: 'orders' }.",
    },
  );

const nothingKept = (job: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `job "${job}" keeps no state in a store: it cannot begin with a snapshot`, {
    advice:
      'Give its engine a directory, and the job the guarantee exactly-once or at-least-once; or leave out initialSnapshot.',
  });

/** An embedded engine runs each job as this one alone. */
const FIRST_PARTITION = 0;

/** A run, and what the sources and sinks that it opens are called in events. */
export interface PreparedRun {
  readonly run: JobRunOptions;
  /** What was checked; each run compiles its own, which has state. */
  readonly plan: PipelinePlan;
  readonly parts: Pick<Warned, 'sources' | 'sinks'>;
  /** Its sources and sinks whose claims no other job of the engine may have. */
  readonly engineClaims: readonly Claimant[];
}

/** Checks all that can be checked before anything is opened. */
export const prepareRun = (
  pipeline: Pick<Pipeline, 'toGraph'>,
  options: ResolvedJobOptions,
  stores: StoreProvider | undefined,
  partitions = 1,
): PreparedRun => {
  if (typeof Object(pipeline).toGraph !== 'function') throw noPipeline();
  const graph = pipeline.toGraph();
  const plan = compilePipeline(graph);
  const { sources, stateful } = plan;
  const { sinks } = planPorts(plan);
  const parts = { sources, sinks, stateful };
  const { guarantee, durable } = resolveGuarantee(options.processingGuarantee, parts, stores !== undefined);
  if (options.initialSnapshot !== undefined && !durable) throw nothingKept(options.name);
  const claiming = [
    ...sources.map(({ name, source }) => ({ name, part: source })),
    ...sinks.map(({ name, sink }) => ({ name, part: sink })),
  ].map(({ name, part }) => ({ name, claims: claimsOf(part, partitions), scope: part.claimScope }));
  checkClaims(claiming);
  const { name, metrics, drainTimeoutMs, maxItemsInFlight, maxBytesInFlight } = options;
  const run = {
    graph,
    job: name,
    giveUp: options.giveUp,
    dropState: options.dropState,
    initialSnapshot: options.initialSnapshot,
    partition: FIRST_PARTITION,
    partitions,
    guarantee,
    metrics,
    tallies: createTallies(metrics, name),
    drainTimeoutMs,
    maxItemsInFlight,
    maxBytesInFlight,
    outboxLimits: { maxRows: options.maxOutboxMessages, maxBytes: options.maxOutboxBytes },
    stateLimits: { maxEntries: options.maxCachedStates, maxBytes: options.maxCachedStateBytes },
    stores: durable ? stores : undefined,
  };
  const named = { sources: sources.map(({ source }) => source.name), sinks: sinks.map(({ sink }) => sink.name) };
  return { run, plan, parts: named, engineClaims: claiming.filter(({ scope }) => scope === 'engine') };
};

/** Of all partitions: two clients with one id would take each other's session, wherever they run. */
const claimsOf = (part: Claiming, count: number): readonly string[] =>
  count === 1
    ? part.claims
    : Array.from({ length: count }, (_, index) => index).flatMap(
        (index) => part.claimsOf?.({ index, count }) ?? part.claims,
      );

type Claiming = Pick<SourceDefinition<unknown>, 'claims' | 'claimsOf'>;
