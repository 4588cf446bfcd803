import type { Command } from '../command.js';
import { type Output, Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import { JOB_ENDING } from '../options/common-options.js';
import { loadModule } from './load-module.js';
import { modulePipeline } from './module-pipeline.js';
import { parseRunOptions, RUN_OPTIONS, type RunOptions } from './parse-run-options.js';

const ABOUT = `Runs the pipeline that a JavaScript or TypeScript module exports by default: a Pipeline, or a function that gives one. A named
export 'config' may hold the job's options (name, processingGuarantee). TypeScript runs as it is on Node 22.18 and later; on
older ones tsx must be installed in your project (npm install --save-dev tsx).
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
  const { pipeline, jobOptions } = await modulePipeline(await loadModule(options.module));
  const ownDrainTimeoutMs = options.drainTimeoutGiven ? undefined : jobOptions.drainTimeoutMs;
  return runJob({
    pipeline,
    options: ownDrainTimeoutMs === undefined ? options : { ...options, drainTimeoutMs: ownDrainTimeoutMs },
    jobOptions,
    startTimeoutMs: 0,
    title: options.module,
    reporter: new Reporter(RUN, output, options.json),
  });
}
