import { MillraceError } from '../../errors/index.js';
import type { NatsOptions } from '../../nats/index.js';
import { openDesk } from './open-desk.js';
import { seeMembers } from './see-members.js';

/** What a repair did. */
export interface Repair {
  readonly partitions: number;
  /** The highest epoch of all logs. */
  readonly highest: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Has the epochs of a job count on from above those of its logs: when the bucket of the claims was lost, its revisions begin anew. Every
 * log is read first, and nothing is written when one cannot be.
 * @throws MillraceError INVALID_STATE while a node is alive, and as `openDesk`
 */
export async function repairClaims(nats: NatsOptions, job: string): Promise<Repair> {
  await using desk = await openDesk(nats, job);
  const { nodes } = await seeMembers(desk.members);
  const alive = nodes.filter(({ silentMs }) => silentMs !== undefined).map(({ beat }) => beat.node);
  if (alive.length > 0) throw stillAlive(job, alive);
  const { partitions, epochBase } = desk.manifest;
  const logs = await Promise.all(Array.from({ length: partitions }, (_, index) => desk.readLog(index)));
  const highest = Math.max(0, ...logs.map((log) => log?.epoch ?? 0));
  const { epochBase: after } = await desk.members.rebase(highest);
  return { partitions, highest, before: epochBase, after };
}

const stillAlive = (job: string, nodes: readonly string[]): MillraceError =>
  new MillraceError('INVALID_STATE', `nodes of job "${job}" are alive: ${nodes.join(', ')}`, {
    advice: 'Stop all of them first: what they have claimed has the epochs of now.',
    details: { nodes },
  });
