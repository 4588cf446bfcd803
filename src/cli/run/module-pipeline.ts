import { type JobOptions, jobOptionProblems } from '../../engine/job/job-options.js';
import { MillraceError } from '../../errors/index.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { usageError } from '../options/usage-error.js';

/** What a module gives to run. */
export interface ModulePipeline {
  readonly pipeline: Pipeline;
  /** Its `config`; empty where it exports none. */
  readonly jobOptions: JobOptions;
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
  return { pipeline, jobOptions: configOf(module.config) };
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

function configOf(config: unknown): JobOptions {
  if (config === undefined) return {};
  if (typeof config !== 'object' || config === null) throw usageError("MODULE's export 'config' must be an object");
  const problems = jobOptionProblems(config);
  if (problems.length > 0) throw usageError(`MODULE's export 'config': ${problems.join('; ')}`);
  return config;
}
