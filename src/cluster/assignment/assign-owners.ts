import type { Follower, Situation } from './situation.js';

/** A node while partitions are given out. */
interface Holder {
  readonly node: string;
  /** What it has now. */
  readonly has: number[];
  /** How many it may still get; below 0: how many it has too many. */
  room: number;
}

/**
 * The owners. They are balanced: no node has two partitions more than another. As few as possible move: each node keeps what it has up to
 * its share, and the larger shares go to those that have most. What moves, or has no owner, goes to a node whose view of it is warm, if one
 * has room.
 */
export function assignOwners({
  nodes,
  owners,
  followers,
}: Pick<Situation, 'nodes' | 'owners' | 'followers'>): (string | undefined)[] {
  const holders = new Map(nodes.map((node): [string, Holder] => [node, { node, has: [], room: 0 }]));
  const given = owners.map((owner, partition) => {
    const holder = owner === undefined ? undefined : holders.get(owner);
    holder?.has.push(partition);
    return holder?.node;
  });
  if (holders.size === 0) return given;
  shareOut([...holders.values()], owners.length);
  for (const partition of surplus(holders, followers)) given[partition] = undefined;
  const homeless = given.flatMap((node, partition) => (node === undefined ? [partition] : []));
  const cold = homeless.filter((partition) => {
    given[partition] = take(warmHolders(holders, followers[partition]));
    return given[partition] === undefined;
  });
  const free = [...holders.values()].filter(({ room }) => room > 0);
  for (const partition of cold) {
    given[partition] = take(free);
    if (free[0]?.room === 0) free.shift();
  }
  return given;
}

/** The shares differ by one at most. Who has most gets one of the larger: so most stays where it is. */
function shareOut(holders: Holder[], partitions: number): void {
  const share = Math.floor(partitions / holders.length);
  const larger = partitions % holders.length;
  holders.sort((a, b) => b.has.length - a.has.length || (a.node < b.node ? -1 : 1));
  for (const [place, holder] of holders.entries()) {
    holder.room = share + (place < larger ? 1 : 0) - holder.has.length;
  }
}

/** What nodes have above their share: first what a node that has room is warm for. */
function surplus(holders: ReadonlyMap<string, Holder>, followers: Situation['followers']): readonly number[] {
  return [...holders.values()].flatMap((holder) => {
    if (holder.room >= 0) return [];
    const wanted = new Set(holder.has.filter((partition) => warmHolders(holders, followers[partition]).length > 0));
    const others = holder.has.filter((partition) => !wanted.has(partition)).reverse();
    const moves = [...wanted, ...others].slice(0, -holder.room);
    holder.room = 0;
    return moves;
  });
}

/** Those with room whose view of a partition is warm. */
function warmHolders(holders: ReadonlyMap<string, Holder>, followers: readonly Follower[] = []): readonly Holder[] {
  const warm = followers.flatMap((follower) => (follower.warm ? (holders.get(follower.node) ?? []) : []));
  return warm.filter(({ room }) => room > 0).sort((a, b) => b.room - a.room || (a.node < b.node ? -1 : 1));
}

function take([holder]: readonly Holder[]): string | undefined {
  if (holder === undefined) return undefined;
  holder.room--;
  return holder.node;
}
