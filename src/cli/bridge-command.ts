import { bridgePipeline } from './bridge-pipeline.js';
import { parseBridgeOptions } from './parse-bridge-options.js';
import { type Output, Reporter } from './reporter.js';
import { runJob } from './run-job.js';

/** `millrace bridge`. Gives the exit code of the job; throws what is wrong with the command line. */
export async function bridgeCommand(args: readonly string[], output: Output): Promise<number> {
  const options = parseBridgeOptions(args, process.env);
  return runJob({
    pipeline: bridgePipeline(options),
    options,
    jobOptions: { name: options.clientId, processingGuarantee: options.guarantee },
    startTimeoutMs: options.connectTimeoutMs,
    title: `${options.from.url} to ${options.to.url}, QoS ${options.qos}, ${options.guarantee}`,
    reporter: new Reporter('bridge', output, options.json),
  });
}
