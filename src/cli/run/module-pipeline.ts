import type { JobOptions } from '../../engine/job/job-options.js';
import { MillraceError } from '../../errors/index.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { closestName } from '../options/closest-name.js';
import { usageError } from '../options/usage-error.js';

/** All of them: the compiler misses a new one. */
const JOB_OPTIONS: Readonly<Record<keyof JobOptions, true>> = {
  name: true,
  processingGuarantee: true,
  signal: true,
  drainTimeoutMs: true,
  maxItemsInFlight: true,
  maxBytesInFlight: true,
  maxOutboxMessages: true,
  maxOutboxBytes: true,
  restart: true,
  giveUp: true,
  metrics: true,
  onEvent: true,
};

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
  for (const name of Object.keys(config)) {
    if (Object.hasOwn(JOB_OPTIONS, name)) continue;
    const closest = closestName(name, Object.keys(JOB_OPTIONS));
    const hint = closest === undefined ? '' : `, did you mean ${closest}?`;
    throw usageError(`MODULE's export 'config' has the unknown option ${name}${hint}`);
  }
  return config;
}
