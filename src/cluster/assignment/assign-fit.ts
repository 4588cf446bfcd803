import { assignOwners } from './assign-owners.js';
import type { Situation } from './situation.js';

type Owners = (string | undefined)[];

/**
 * The owners, where some nodes cannot open some partitions. Such a node keeps what it has and can open, and gets nothing else: what is
 * wrong with it is most likely wrong for more than it has tried. The others share out what is left, as if it was not there. Where no node
 * is well, nobody is kept from what only others cannot open; and who cannot open a partition has it when nobody can.
 */
export function assignFit(situation: Omit<Situation, 'standbys'>): Owners {
  const { nodes, owners, followers, unfit } = situation;
  const ailing = new Set(unfit.flat().filter((node) => nodes.includes(node)));
  if (ailing.size === 0) return assignOwners(situation);
  const well = nodes.filter((node) => !ailing.has(node));
  const given = owners.map((owner, partition) => {
    const stays = owner !== undefined && ailing.has(owner) && unfit[partition]?.includes(owner) !== true;
    return stays ? owner : undefined;
  });
  const rest = [...given.keys()].filter((partition) => given[partition] === undefined);
  if (well.length === 0) return placeEach(situation, given, rest);
  const shared = assignOwners({
    nodes: well,
    owners: rest.map((partition) => owners[partition]),
    followers: rest.map((partition) => followers[partition] ?? []),
  });
  for (const [place, partition] of rest.entries()) given[partition] = shared[place];
  return given;
}

/** Each goes to the node with the fewest that can open it; where none can, it stays. */
function placeEach(
  { nodes, owners, unfit }: Omit<Situation, 'standbys'>,
  given: Owners,
  rest: readonly number[],
): Owners {
  const loads = new Map(nodes.map((node) => [node, 0]));
  const load = (node: string): number => loads.get(node) ?? 0;
  for (const owner of given) if (owner !== undefined) loads.set(owner, load(owner) + 1);
  for (const partition of rest) {
    const fit = nodes.filter((node) => unfit[partition]?.includes(node) !== true);
    const owner = owners[partition];
    const stays = fit.length === 0 && owner !== undefined && loads.has(owner);
    const [fewest] = (fit.length > 0 ? fit : nodes).toSorted((a, b) => load(a) - load(b) || (a < b ? -1 : 1));
    const chosen = stays ? owner : fewest;
    given[partition] = chosen;
    if (chosen !== undefined) loads.set(chosen, load(chosen) + 1);
  }
  return given;
}
