import type { ServeOptions } from '../../http/index.js';
import type { BridgeSide } from '../bridge/bridge-side.js';
import { tellExposedPassword } from '../bridge/exposed-password.js';
import { parseBroker, parseConnectTimeout } from '../client/broker-flags.js';
import { BROKER_OPTIONS } from '../client/client-options.js';
import { inClientFlags } from '../client/in-client-flags.js';
import type { Command, CommandOptions } from '../command.js';
import { HTTP_FLAGS, parseHttpFlags } from '../http/http-flags.js';
import { inProcess } from '../job/job-place.js';
import type { Output } from '../job/reporter.js';
import { Reporter } from '../job/reporter.js';
import { runJob } from '../job/run-job.js';
import { collectOptions } from '../options/collect-options.js';
import { countOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { type DemoOptions, demoPipeline } from './demo-pipeline.js';

/** What `millrace demo` was told. */
export interface DemoFlags extends DemoOptions {
  readonly http: ServeOptions;
  readonly connectTimeoutMs: number;
}

const DEFAULT_RATE = 200;
const HIGHEST_RATE = 100_000;
const DRAIN_MS = 10_000;
/** One that is free: the line that has the link names it. */
const FREE_PORT = '0';

const OPTIONS = {
  url: {
    kind: 'value',
    argument: 'URL',
    help: 'A broker through which they go, by topics of this run alone: mqtt://localhost:1883 (default: none is needed)',
  },
  rate: { kind: 'value', argument: 'N', help: `Readings in a second (default ${DEFAULT_RATE})` },
  ...HTTP_FLAGS,
  ...BROKER_OPTIONS,
} as const satisfies CommandOptions;

const ABOUT = `Readings of twenty imaginary sensors, the mean of each in each five seconds, and alarms: a job to look at. The link to its page is printed.
`;

export const DEMO: Command<DemoFlags> = {
  name: 'demo',
  summary: 'Show a job at work, and its page',
  about: ABOUT,
  options: OPTIONS,
  ending: 'SIGINT or SIGTERM ends it. Nothing of it stays: no session, no retained message, no file.\n',
  words: inClientFlags,
  parse: parseDemoFlags,
  run: runDemo,
};

/** Throws INVALID_OPTIONS. */
function parseDemoFlags(args: readonly string[], environment: NodeJS.ProcessEnv): DemoFlags {
  const options = collectOptions(args, OPTIONS, 0);
  const rate = countOption(options, 'rate', 1) ?? DEFAULT_RATE;
  if (rate > HIGHEST_RATE) throw usageError(`--rate must be at most ${HIGHEST_RATE}`, 'rate');
  const unused = Object.keys(BROKER_OPTIONS).find((name) => options.flag(name));
  const url = options.value('url');
  if (url === undefined && unused !== undefined) throw usageError(`--${unused} is of --url, which is missing`, unused);
  const broker: BridgeSide | undefined =
    url === undefined ? undefined : parseBroker(url, '--url', options, environment);
  const value = (name: string): string | undefined => options.value(name) ?? (name === 'http' ? FREE_PORT : undefined);
  const http = parseHttpFlags({ ...options, value }, environment) ?? {};
  return { broker, rate, http, connectTimeoutMs: parseConnectTimeout(options) };
}

function runDemo(flags: DemoFlags, output: Output): Promise<number> {
  const reporter = new Reporter(DEMO, output, false);
  const { broker, rate, http, connectTimeoutMs } = flags;
  tellExposedPassword(broker?.passwordInUrl === true ? ['--url'] : [], reporter);
  return runJob({
    place: inProcess(demoPipeline(flags), undefined, {
      name: 'demo',
      processingGuarantee: 'none',
      drainTimeoutMs: DRAIN_MS,
    }),
    stats: true,
    http,
    drainTimeoutMs: DRAIN_MS,
    startTimeoutMs: connectTimeoutMs,
    title: `${rate} readings a second${broker === undefined ? '' : `, by ${broker.url}`}`,
    tellsAway: false,
    reporter,
  });
}
