import { MillraceError } from '../../errors/index.js';
import type { NatsOptions } from '../../nats/index.js';
import type { DesiredState } from '../manifest/desired-state.js';
import { type LogState, openDesk } from './open-desk.js';
import { type SeenNode, seeMembers } from './see-members.js';

/** A partition, as it stands at the servers. */
export interface PartitionInspection {
  readonly index: number;
  /** The node that claims it; undefined: nobody does. */
  readonly owner: string | undefined;
  /** As its owner says, whose beats come. `restarting`: it failed, and waits to be opened again; `claimed`: anything else. */
  readonly state: 'running' | 'restarting' | 'claimed' | 'unclaimed';
  /** Of the claim; 0: there was never one. */
  readonly epoch: number;
  /** Undefined: it has none, or `problem` says why it could not be read. */
  readonly log: LogState | undefined;
  readonly problem: MillraceError | undefined;
}

/** A job, as it stands at the servers. */
export interface JobInspection {
  readonly job: string;
  readonly desired: DesiredState;
  /** What is added to the revision of a claim. */
  readonly epochBase: number;
  readonly plan: readonly string[];
  readonly partitions: readonly PartitionInspection[];
  readonly nodes: readonly SeenNode[];
  /** For how long beats were waited for, in milliseconds. */
  readonly watchedMs: number;
}

/** Looks at a job, and changes nothing. @throws MillraceError as `openDesk` */
export async function inspectJob(nats: NatsOptions, job: string): Promise<JobInspection> {
  await using desk = await openDesk(nats, job);
  const { nodes, claims, desired, watchedMs } = await seeMembers(desk.members);
  const { partitions: count, plan, epochBase } = desk.manifest;
  const partitions = await Promise.all(
    Array.from({ length: count }, async (_, index): Promise<PartitionInspection> => {
      const claim = claims.get(index);
      const owner = claim?.owner?.node;
      const node = nodes.find(({ beat }) => beat.node === owner);
      const state = owner === undefined ? 'unclaimed' : stateAt(node, index);
      return { index, owner, state, epoch: claim?.epoch ?? 0, ...(await logOf(() => desk.readLog(index))) };
    }),
  );
  return { job, desired, epochBase, plan, partitions, nodes, watchedMs };
}

/** What the owner of a partition says of it. */
export function stateAt(node: SeenNode | undefined, partition: number): 'running' | 'restarting' | 'claimed' {
  if (node?.silentMs === undefined) return 'claimed';
  if (node.beat.running.includes(partition)) return 'running';
  return node.beat.restarting.includes(partition) ? 'restarting' : 'claimed';
}

async function logOf(read: () => Promise<LogState | undefined>): Promise<Pick<PartitionInspection, 'log' | 'problem'>> {
  try {
    return { log: await read(), problem: undefined };
  } catch (error) {
    return { log: undefined, problem: MillraceError.from(error) };
  }
}
