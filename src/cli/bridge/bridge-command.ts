import type { Command } from '../command.js';
import { inProcess } from '../job/job-place.js';
import { type Output, Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import { JOB_ENDING } from '../options/common-options.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import { bridgePipeline } from './bridge-pipeline.js';
import { inFlags } from './in-flags.js';
import { type BridgeOptions, parseBridgeOptions } from './parse-bridge-options.js';

const ABOUT = `Reads the topics of one broker and publishes them to another (or the same), in order, at least once, or exactly once. Payload,
retain flag and MQTT 5 properties are kept; a message keeps its own QoS, at most --qos (exactly-once publishes all at QoS 2). Brokers clear the retain flag of a live message
unless asked to keep it, which --mqtt 5 does; that of a stored message always stays. One line with the word RUNNING goes to
stderr when the subscription is granted and the other side is connected. What is about a broker (--mqtt to --keepalive) goes for both
sides, or with from- or to- in front for one: --from-ca F.
`;

export const BRIDGE: Command<BridgeOptions> = {
  name: 'bridge',
  summary: 'Move messages from one MQTT broker to another',
  about: ABOUT,
  options: BRIDGE_OPTIONS,
  ending: JOB_ENDING,
  words: inFlags,
  parse: parseBridgeOptions,
  run: runBridge,
};

function runBridge(options: BridgeOptions, output: Output): Promise<number> {
  const reporter = new Reporter(BRIDGE, output, options.json);
  tellExposedPassword(options, reporter);
  const { clientId: name, guarantee: processingGuarantee, drainTimeoutMs, giveUp } = options;
  const job = { name, processingGuarantee, drainTimeoutMs, giveUp };
  return runJob({
    place: inProcess(bridgePipeline(options), options.dir, job),
    stats: options.stats,
    drainTimeoutMs,
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
