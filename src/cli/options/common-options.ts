import type { ServeOptions } from '../../http/index.js';
import type { CommandOptions } from '../command.js';
import { HTTP_FLAGS, parseHttpFlags } from '../http/http-flags.js';
import type { CollectedOptions } from './collect-options.js';
import { secondsOption } from './option-values.js';

const DEFAULT_DRAIN_SECONDS = 10;

/** What every command that runs a job takes, beside `dir`, which each tells in its own words. */
export const COMMON_OPTIONS = {
  'give-up': {
    kind: 'list',
    argument: 'PART...',
    help: "Give up what --dir has of a part that is no more: 'sink x', 'stage x', 'source x', 'timers x', 'client x'",
  },
  'drain-timeout': {
    kind: 'value',
    argument: 'S',
    help: `On SIGINT or SIGTERM: wait at most S seconds until what was read is delivered (default ${DEFAULT_DRAIN_SECONDS})`,
  },
  stats: {
    kind: 'flag',
    help: 'A line a second on stderr: rates, in flight, buffered, reconnects; with --dir the outbox and its commits',
  },
  json: { kind: 'flag', help: 'Events as lines of JSON on stdout' },
  ...HTTP_FLAGS,
} as const satisfies CommandOptions;

/** The help of what runs a job ends with it. */
export const JOB_ENDING = `SIGINT or SIGTERM stops reading, delivers what was read (with --dir: stores it), keeps the session and exits with 0. A second signal exits at once.
`;

/** `COMMON_OPTIONS` and `dir`, with defaults applied. */
export interface CommonOptions {
  /** Where the durable state is; undefined: the job has no store. */
  readonly dir: string | undefined;
  /** Default 10,000. */
  readonly drainTimeoutMs: number;
  /** As `JobOptions.giveUp` has them; empty by default. */
  readonly giveUp: readonly string[];
  /** A line of figures each second. */
  readonly stats: boolean;
  /** Machines are told on stdout, too. */
  readonly json: boolean;
  /** Where it is told over HTTP how the job stands; undefined: nowhere. */
  readonly http: ServeOptions | undefined;
}

export function parseCommonOptions(options: CollectedOptions, environment: NodeJS.ProcessEnv): CommonOptions {
  return {
    dir: options.value('dir'),
    drainTimeoutMs: secondsOption(options, 'drain-timeout') ?? DEFAULT_DRAIN_SECONDS * 1000,
    giveUp: options.list('give-up'),
    stats: options.flag('stats'),
    json: options.flag('json'),
    http: parseHttpFlags(options, environment),
  };
}
