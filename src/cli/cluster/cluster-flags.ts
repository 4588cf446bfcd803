import type { NatsOptions } from '../../nats/nats-options.js';
import type { CommandOptions } from '../command.js';
import { type CollectedOptions, collectOptions } from '../options/collect-options.js';
import { inWords } from '../options/in-words.js';
import { choiceOption, countOption, requiredOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { NATS_FLAGS, parseNatsFlags } from './nats-flags.js';
import { type ServerConfig, serverConfig } from './server-config.js';

/** What `millrace cluster` is told to do. */
export type ClusterTaskFlags =
  | { readonly action: 'config'; readonly text: string }
  | { readonly action: 'status' | 'repair'; readonly nats: NatsOptions; readonly job: string; readonly json: boolean }
  | {
      readonly action: 'check';
      readonly nats: NatsOptions;
      readonly replicas: number;
      readonly monitors: readonly string[];
      readonly json: boolean;
    };

const REPLICAS = ['1', '3', '5'] as const;
const DEFAULT_STORE_DIR = '/var/lib/nats';
const DEFAULT_STORE_GB = 10;

/** What `millrace cluster` takes. */
export const CLUSTER_FLAGS = {
  ...NATS_FLAGS,
  job: { kind: 'value', argument: 'NAME', help: 'status, repair: which job' },
  json: { kind: 'flag', help: 'status, check, repair: one line of JSON on stdout' },
  monitor: { kind: 'list', argument: 'URL...', help: 'check: the monitoring ports of the servers, http://a:8222' },
  replicas: {
    kind: 'value',
    argument: 'N',
    help: 'check: servers with a copy of each log (default 3)',
    choices: REPLICAS,
  },
  yes: { kind: 'flag', help: 'repair: do it' },
  servers: { kind: 'value', argument: 'HOSTS', help: 'config: hosts of the servers, with commas between: a,b,c' },
  'store-dir': { kind: 'value', argument: 'D', help: `config: where they store (default ${DEFAULT_STORE_DIR})` },
  'max-store': { kind: 'value', argument: 'GB', help: `config: how much each may store (default ${DEFAULT_STORE_GB})` },
} as const satisfies CommandOptions;

/** What each action takes; the first word of the command line says which. */
const TAKEN: Readonly<Record<ClusterTaskFlags['action'], readonly string[]>> = {
  status: [...Object.keys(NATS_FLAGS), 'job', 'json'],
  check: [...Object.keys(NATS_FLAGS), 'json', 'monitor', 'replicas'],
  repair: [...Object.keys(NATS_FLAGS), 'job', 'json', 'yes'],
  config: ['servers', 'store-dir', 'max-store'],
};

export const ACTIONS: readonly string[] = Object.keys(TAKEN);

const isAction = (word: string | undefined): word is ClusterTaskFlags['action'] =>
  word !== undefined && ACTIONS.includes(word);

/** Throws INVALID_OPTIONS. */
export function parseClusterFlags(args: readonly string[], environment: NodeJS.ProcessEnv): ClusterTaskFlags {
  const options = collectOptions(args, CLUSTER_FLAGS, 1);
  const [action] = options.positionals;
  if (!isAction(action)) throw usageError(`ACTION must be ${inWords(ACTIONS)}`);
  const foreign = Object.keys(CLUSTER_FLAGS).find((name) => options.flag(name) && !TAKEN[action].includes(name));
  if (foreign !== undefined) throw usageError(`--${foreign} is not an option of cluster ${action}`, foreign);
  if (action === 'config') return { action, text: serverConfig(configOf(options)) };
  const nats = parseNatsFlags(options, environment);
  const json = options.flag('json');
  if (action === 'check') return { action, nats, json, ...checkOf(options) };
  const job = requiredOption(options, 'job');
  if (action === 'repair' && !options.flag('yes')) {
    throw usageError(
      'cluster repair changes from where the epochs of the job count: stop all its nodes, then say --yes',
      'yes',
    );
  }
  return { action, nats, json, job };
}

function configOf(options: CollectedOptions): ServerConfig {
  const hosts = requiredOption(options, 'servers').split(',');
  if (!hosts.every((host) => /^[A-Za-z0-9._-]+$/.test(host)) || new Set(hosts).size < hosts.length)
    throw usageError('--servers must be different names or addresses of hosts, with commas between', 'servers');
  if (![1, 3, 5].includes(hosts.length))
    throw usageError('--servers must be 1, 3 or 5 hosts: a majority of them has to run', 'servers');
  return {
    hosts,
    storeDir: options.value('store-dir') ?? DEFAULT_STORE_DIR,
    maxStoreGb: countOption(options, 'max-store', 1) ?? DEFAULT_STORE_GB,
  };
}

function checkOf(options: CollectedOptions): { readonly replicas: number; readonly monitors: readonly string[] } {
  const monitors = options.list('monitor');
  if (!monitors.every((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    throw usageError('--monitor must be a URL as http://host:8222', 'monitor');
  return { monitors, replicas: Number(choiceOption(options, 'replicas', REPLICAS) ?? '3') };
}
