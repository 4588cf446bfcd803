import { type Output, Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import { loadModule } from './load-module.js';
import { modulePipeline } from './module-pipeline.js';
import { parseRunOptions } from './parse-run-options.js';

/** `millrace run`. Gives the exit code of the job; throws what is wrong with the command line or the module. */
export async function runCommand(args: readonly string[], output: Output): Promise<number> {
  const options = parseRunOptions(args);
  const { pipeline, jobOptions } = await modulePipeline(await loadModule(options.module));
  const ownDrainTimeoutMs = options.drainTimeoutGiven ? undefined : jobOptions.drainTimeoutMs;
  return runJob({
    pipeline,
    options: ownDrainTimeoutMs === undefined ? options : { ...options, drainTimeoutMs: ownDrainTimeoutMs },
    jobOptions,
    startTimeoutMs: 0,
    title: options.module,
    reporter: new Reporter('run', output, options.json),
  });
}
