import type { Command } from '../command.js';
import { type Output, Reporter } from '../job/reporter.js';
import { runClusterJob } from '../job/run-cluster-job.js';
import { runJob } from '../job/run-job.js';
import { JOB_ENDING } from '../options/common-options.js';
import { usageError } from '../options/usage-error.js';
import { loadModule } from './load-module.js';
import { type ModulePipeline, modulePipeline } from './module-pipeline.js';
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
  const { pipeline, jobOptions } = module;
  const ownDrainTimeoutMs = options.drainTimeoutGiven ? undefined : jobOptions.drainTimeoutMs;
  const drainTimeoutMs = ownDrainTimeoutMs ?? options.drainTimeoutMs;
  if (options.node !== undefined) return runNode(options.node, module, { ...options, drainTimeoutMs }, reporter);
  if (module.partitions !== undefined) {
    const text = 'note: config.partitions is for --cluster: without it the job is one';
    reporter.tell({ event: 'note', text, facts: { note: text } });
  }
  return runJob({
    pipeline,
    options: { ...options, drainTimeoutMs },
    jobOptions,
    startTimeoutMs: 0,
    title: options.module,
    reporter,
  });
}

function runNode(node: NodeFlags, module: ModulePipeline, options: RunOptions, reporter: Reporter): Promise<number> {
  const { name, ...jobOptions } = module.jobOptions;
  if (name === undefined) throw usageError("on a cluster a job must have a name: export const config = { name: '…' }");
  return runClusterJob({
    pipeline: module.pipeline,
    engine: node.engine,
    job: {
      ...jobOptions,
      name,
      drainTimeoutMs: options.drainTimeoutMs,
      giveUp: [...(jobOptions.giveUp ?? []), ...options.giveUp],
      partitions: node.partitions ?? module.partitions,
      allowPlanChange: node.allowPlanChange,
    },
    stats: options.stats,
    title: options.module,
    reporter,
  });
}
