import { type Output, Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import { bridgePipeline } from './bridge-pipeline.js';
import { type BridgeOptions, parseBridgeOptions } from './parse-bridge-options.js';

/** `millrace bridge`. Gives the exit code of the job; throws what is wrong with the command line. */
export async function bridgeCommand(args: readonly string[], output: Output): Promise<number> {
  const options = parseBridgeOptions(args, process.env);
  const reporter = new Reporter('bridge', output, options.json);
  tellExposedPassword(options, reporter);
  return runJob({
    pipeline: bridgePipeline(options),
    options,
    jobOptions: { name: options.clientId, processingGuarantee: options.guarantee },
    startTimeoutMs: options.connectTimeoutMs,
    title: `${options.from.url} to ${options.to.url}, QoS ${options.qos}, ${options.guarantee}`,
    reporter,
  });
}

/** Whoever may list the processes of this machine can read what stands on the command line, as long as the bridge runs. */
function tellExposedPassword({ from, to }: BridgeOptions, reporter: Reporter): void {
  const places = [from.passwordInUrl ? ['--from'] : [], to.passwordInUrl ? ['--to'] : []].flat();
  if (places.length === 0) return;
  const note = `the password in ${places.join(' and ')} is shown by the list of processes`;
  const advice = 'give it by --password-env or --password-file, and only the user in the URL';
  reporter.tell({ event: 'note', text: `note: ${note}: ${advice}`, facts: { note, options: places } });
}
