import type { ClusterJobOptions } from '../../cluster/job/cluster-job-options.js';
import { type JobOptions, jobOptionProblems } from '../../engine/job/job-options.js';
import { MillraceError } from '../../errors/index.js';
import { checkOptions } from '../../internal/options/check-options.js';
import { count } from '../../internal/options/option-checks.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { usageError } from '../options/usage-error.js';

/** What a module says of its job, wherever it runs. */
export interface ModuleOptions extends Omit<JobOptions, 'onEvent'> {
  /** On a cluster it is told of nodes and partitions, too. */
  readonly onEvent?: ClusterJobOptions['onEvent'];
}

/** What a module gives to run. */
export interface ModulePipeline {
  readonly pipeline: Pipeline;
  /** Its `config`; empty where it exports none. */
  readonly jobOptions: ModuleOptions;
  /** Of its `config`: into how many it is divided on a cluster. */
  readonly partitions: number | undefined;
}

/**
 * Takes the pipeline (or the function that gives one) that a module exports by default, and the job's options it may export as
 * `config`. Throws INVALID_OPTIONS when there is none.
 */
export async function modulePipeline(module: Readonly<Record<string, unknown>>): Promise<ModulePipeline> {
  const exported = module.default;
  const pipeline = isFunction(exported) ? await callFactory(exported) : exported;
  if (!isPipeline(pipeline)) {
    throw usageError(
      'MODULE exports no pipeline by default: write `export default pipeline`, or a function that gives one',
    );
  }
  return { pipeline, ...configOf(module.config) };
}

function isFunction(value: unknown): value is () => unknown {
  return typeof value === 'function';
}

async function callFactory(factory: () => unknown): Promise<unknown> {
  try {
    return await factory();
  } catch (error) {
    throw MillraceError.from(error, 'USER_FUNCTION_FAILED', 'the function that MODULE exports failed');
  }
}

/** By shape: the module may have a copy of Millrace of its own. */
function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'object' && value !== null && 'toGraph' in value && typeof value.toGraph === 'function';
}

function configOf(config: unknown): Pick<ModulePipeline, 'jobOptions' | 'partitions'> {
  if (config === undefined) return { jobOptions: {}, partitions: undefined };
  if (typeof config !== 'object' || config === null) throw usageError("MODULE's export 'config' must be an object");
  const { partitions, ...jobOptions }: { readonly partitions?: unknown } = config;
  const { options, problems } = checkOptions<{ readonly partitions?: number }>(
    'the job',
    { partitions },
    { partitions: count },
  );
  const all = [...jobOptionProblems(jobOptions), ...problems];
  if (all.length > 0) throw usageError(`MODULE's export 'config': ${all.join('; ')}`);
  return { jobOptions, partitions: options.partitions };
}
