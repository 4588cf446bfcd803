import type { Command } from '../command.js';
import { inProcess } from '../job/job-place.js';
import { type Output, Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import { JOB_ENDING } from '../options/common-options.js';
import { BRIDGE_OPTIONS } from './bridge-options.js';
import { bridgePipeline } from './bridge-pipeline.js';
import { tellExposedPassword } from './exposed-password.js';
import { parseFileFlags } from './file/parse-file-flags.js';
import { inKeys } from './file/run/in-keys.js';
import { type FileFlags, runBridgeFile } from './file/run/run-bridge-file.js';
import { inFlags } from './in-flags.js';
import { type BridgeFlags, parseBridgeOptions } from './parse-bridge-options.js';

const ABOUT = `Reads the topics of one broker and publishes them to another (or the same), in order, at least once, or exactly once. Payload,
retain flag and MQTT 5 properties are kept; a message keeps its own QoS, at most --qos (exactly-once publishes all at QoS 2). Brokers clear the retain flag of a live message
unless asked to keep it, which --mqtt 5 does; that of a stored message always stays. One line with the word RUNNING goes to
stderr when the subscription is granted and the other side is connected. What is about a broker (--mqtt to --keepalive) goes for both
sides, or with from- or to- in front for one: --from-ca F.

Several routes, in both directions, stand in a file: millrace bridge -c bridge.yaml. SIGHUP reads it again.
`;

export const BRIDGE: Command<BridgeFlags | FileFlags> = {
  name: 'bridge',
  summary: 'Move messages from one MQTT broker to another',
  about: ABOUT,
  options: BRIDGE_OPTIONS,
  ending: JOB_ENDING,
  words: inFlags,
  parse: (args, environment) => parseFileFlags(args, environment) ?? parseBridgeOptions(args, environment),
  run: (given, output) =>
    'config' in given
      ? runBridgeFile(given, new Reporter({ name: BRIDGE.name, words: inKeys }, output, given.json))
      : runBridge(given, output),
};

function runBridge(options: BridgeFlags, output: Output): Promise<number> {
  const reporter = new Reporter(BRIDGE, output, options.json);
  tellExposedPassword(exposed(options), reporter);
  const { clientId: name, guarantee: processingGuarantee, drainTimeoutMs, giveUp } = options;
  const job = { name, processingGuarantee, drainTimeoutMs, giveUp };
  return runJob({
    place: inProcess(bridgePipeline(options), options.dir, job),
    stats: options.stats,
    http: options.http,
    drainTimeoutMs,
    startTimeoutMs: options.connectTimeoutMs,
    title: `${options.from.url} to ${options.to.url}, QoS ${options.qos}, ${options.guarantee}`,
    tellsAway: true,
    reporter,
  });
}

const exposed = ({ from, to }: BridgeFlags): readonly string[] => [
  ...(from.passwordInUrl ? ['--from'] : []),
  ...(to.passwordInUrl ? ['--to'] : []),
];
