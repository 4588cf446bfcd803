import { checkOptions, type OptionChecks } from '../../internal/options/check-options.js';
import { invalidOptions } from '../../internal/options/invalid-options.js';
import { flag, LONGEST_TIMER_MS, mustShown, oneOf, text, wholeNumber } from '../../internal/options/option-checks.js';
import { NATS_CHECKS } from '../../nats/nats-checks.js';
import type { NatsOptions } from '../../nats/nats-options.js';
import { isNodeId } from '../members/node-id.js';

/** Where the nodes of a cluster meet, and what this one is. */
export interface ClusterOptions extends NatsOptions {
  /** A directory for what this node has of its partitions, so that a process that starts again reads little. Default: none, in memory. */
  readonly dir?: string | undefined;
  /** 1 to 64 letters, digits, `_` and `-`; one process at a time has it. Default: a random one. */
  readonly nodeId?: string | undefined;
  /**
   * How long a node counts as alive of which nothing is seen, in milliseconds: what a takeover takes, and what a pause of a process may
   * take without one. The same on all nodes. Default 3,000, at least 500.
   */
  readonly leaseMs?: number | undefined;
  /** Servers that have a copy of each log: 1, 3 or 5. With 1 a server that is lost takes everything with it. Default 3. */
  readonly replicas?: number | undefined;
  /** How many other nodes keep the state of each partition at hand. Default 0. */
  readonly standbys?: number | undefined;
  /**
   * Whether jobs say as warnings of the process what whoever runs them must know, as those of `Engine.embedded` do: of the partitions of
   * this node. Default true.
   */
  readonly warnings?: boolean | undefined;
}

/** {@link ClusterOptions} with every default applied. */
export interface ResolvedCluster {
  readonly nats: NatsOptions;
  readonly dir: string | undefined;
  readonly node: string;
  readonly leaseMs: number;
  readonly replicas: number;
  readonly standbys: number;
  readonly warnings: boolean;
}

const LEAST_LEASE_MS = 500;

const CLUSTER: OptionChecks<ClusterOptions> = {
  ...NATS_CHECKS,
  dir: text,
  nodeId: mustShown('1 to 64 letters, digits, _ and -', (value) => isNodeId(String(value))),
  leaseMs: mustShown(
    `a number of milliseconds from ${LEAST_LEASE_MS}`,
    (value) => typeof value === 'number' && value >= LEAST_LEASE_MS && value <= LONGEST_TIMER_MS,
  ),
  replicas: oneOf(1, 3, 5),
  standbys: wholeNumber(0),
  warnings: flag,
};

/** What is wrong with the options of a cluster, as sentences: for whoever takes them from elsewhere. */
export const clusterOptionProblems = (given: unknown): readonly string[] =>
  checkOptions('the cluster', given, CLUSTER).problems;

/** @throws MillraceError INVALID_OPTIONS that names every bad value */
export const resolveClusterOptions = (given: ClusterOptions, defaultNode: string): ResolvedCluster => {
  const { options, problems } = checkOptions('the cluster', given, CLUSTER);
  const missing = options.servers === undefined && problems.length === 0 ? ['servers must be given'] : [];
  const all = [...problems, ...missing];
  if (all.length > 0) throw invalidOptions('cluster', all);
  const { dir, nodeId = defaultNode, leaseMs = 3_000, replicas = 3, standbys = 0, warnings = true, ...nats } = options;
  return { nats, dir, node: nodeId, leaseMs, replicas, standbys, warnings };
};
