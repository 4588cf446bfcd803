import type { ClusterOptions } from '../../cluster/engine/cluster-options.js';
import { NATS_FLAGS, parseNatsFlags } from '../cluster/nats-flags.js';
import type { CommandOptions } from '../command.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { choiceOption, countOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';

/** What a node of a cluster is told. */
export interface NodeFlags {
  readonly engine: ClusterOptions;
  /** Undefined: as the module's `config` says. */
  readonly partitions: number | undefined;
  readonly allowPlanChange: boolean;
  readonly beginAgain: boolean;
}

const LEAST_LEASE_MS = 500;
const REPLICAS = ['1', '3', '5'] as const;

/** What `millrace run` takes for a node of a cluster. */
export const NODE_FLAGS = {
  ...NATS_FLAGS,
  partitions: {
    kind: 'value',
    argument: 'N',
    help: 'Parts of the job, each on one node at a time; never changed (default 1)',
  },
  'node-id': { kind: 'value', argument: 'ID', help: 'Of this process among the nodes (default: a random one)' },
  lease: {
    kind: 'value',
    argument: 'MS',
    help: 'How long a node counts as alive of which nothing is seen; the same on all (default 3000)',
  },
  replicas: { kind: 'value', argument: 'N', help: 'Servers with a copy of each log (default 3)', choices: REPLICAS },
  standbys: {
    kind: 'value',
    argument: 'N',
    help: 'Other nodes that keep the state of a partition at hand (default 0)',
  },
  'allow-plan-change': { kind: 'flag', help: "This module's pipeline takes the place of the one that is stored" },
  'begin-again': {
    kind: 'flag',
    help: 'Begin a job again that was completed or cancelled; one that has failed is in any case',
  },
} as const satisfies CommandOptions;

/** Undefined where no cluster is asked for. Throws INVALID_OPTIONS. */
export function parseNodeFlags(options: CollectedOptions, environment: NodeJS.ProcessEnv): NodeFlags | undefined {
  if (options.value('cluster') === undefined) {
    const unused = Object.keys(NODE_FLAGS).find((name) => options.flag(name));
    if (unused !== undefined) throw usageError(`--${unused} is of --cluster, which is missing`, unused);
    return undefined;
  }
  const nodeId = options.value('node-id');
  if (nodeId !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(nodeId))
    throw usageError('--node-id must be 1 to 64 letters, digits, _ and -', 'node-id');
  const replicas = choiceOption(options, 'replicas', REPLICAS);
  return {
    engine: {
      ...parseNatsFlags(options, environment),
      dir: options.value('dir'),
      nodeId,
      leaseMs: countOption(options, 'lease', LEAST_LEASE_MS),
      replicas: replicas === undefined ? undefined : Number(replicas),
      standbys: countOption(options, 'standbys', 0),
    },
    partitions: countOption(options, 'partitions', 1),
    allowPlanChange: options.flag('allow-plan-change'),
    beginAgain: options.flag('begin-again'),
  };
}
