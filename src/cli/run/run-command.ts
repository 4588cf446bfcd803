import type { ClusterJobOptions } from '../../cluster/job/cluster-job-options.js';
import type { Command } from '../command.js';
import { asNode, inProcess } from '../job/job-place.js';
import { type Output, Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import { JOB_ENDING } from '../options/common-options.js';
import { usageError } from '../options/usage-error.js';
import { loadModule } from './load-module.js';
import { type ModuleOptions, modulePipeline } from './module-pipeline.js';
import type { NodeFlags } from './node-flags.js';
import { parseRunOptions, RUN_OPTIONS, type RunOptions } from './parse-run-options.js';

const ABOUT = `Runs the pipeline that a JavaScript or TypeScript module exports by default: a Pipeline, or a function that gives one. A named
export 'config' may hold the job's options (name, processingGuarantee). TypeScript runs as it is on Node 22.18 and later; on
older ones tsx must be installed in your project (npm install --save-dev tsx).

With --cluster this process is one node of several: start the same line on each machine. SIGINT or SIGTERM then hands over
what this node has, and the job goes on at the others.
`;

export const RUN: Command<RunOptions> = {
  name: 'run',
  summary: 'Run the pipeline that a module exports by default',
  positional: { name: 'MODULE' },
  about: ABOUT,
  options: RUN_OPTIONS,
  ending: JOB_ENDING,
  parse: parseRunOptions,
  run: runModule,
};

async function runModule(options: RunOptions, output: Output): Promise<number> {
  const module = await modulePipeline(await loadModule(options.module));
  const reporter = new Reporter(RUN, output, options.json);
  const { pipeline, jobOptions, partitions } = module;
  const ownDrainTimeoutMs = options.drainTimeoutGiven ? undefined : jobOptions.drainTimeoutMs;
  const drainTimeoutMs = ownDrainTimeoutMs ?? options.drainTimeoutMs;
  const giveUp = [...(jobOptions.giveUp ?? []), ...options.giveUp];
  const dropState = [...(jobOptions.dropState ?? []), ...options.dropState];
  const initialSnapshot = options.initialSnapshot ?? jobOptions.initialSnapshot;
  const job = { ...jobOptions, drainTimeoutMs, giveUp, dropState, initialSnapshot };
  const { stats, http, module: title } = options;
  const task = { stats, http, drainTimeoutMs, startTimeoutMs: 0, title, tellsAway: true, reporter };
  if (options.node !== undefined) {
    const node = { engine: options.node.engine, job: nodeOptions(options.node, { job, partitions }) };
    return runJob({ ...task, place: asNode(pipeline, node, reporter) });
  }
  if (partitions !== undefined) {
    const text = 'note: config.partitions is for --cluster: without it the job is one';
    reporter.tell({ event: 'note', text, facts: { note: text } });
  }
  return runJob({ ...task, place: inProcess(pipeline, options.dir, job) });
}

function nodeOptions(
  { partitions, allowPlanChange, beginAgain }: NodeFlags,
  module: { readonly job: ModuleOptions; readonly partitions: number | undefined },
): ClusterJobOptions {
  const { name } = module.job;
  if (name === undefined) throw usageError("on a cluster a job must have a name: export const config = { name: '…' }");
  return { ...module.job, name, partitions: partitions ?? module.partitions, allowPlanChange, beginAgain };
}
