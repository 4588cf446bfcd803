/*
 * The fewest partitions that must leave a living owner so that all are balanced, found without the assignment: by trying all of them where
 * that can be done, and by counting.
 */

/** By counting: a node keeps up to its share, and the larger shares are worth something only to nodes that have more than a small one. */
export function fewestMoves(nodes: readonly string[], owners: readonly (string | undefined)[]): number {
  const counts = new Map(nodes.map((node) => [node, 0]));
  for (const owner of owners)
    if (owner !== undefined && counts.has(owner)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const share = Math.floor(owners.length / nodes.length);
  let moves = 0;
  let aboveShare = 0;
  for (const count of counts.values()) {
    moves += Math.max(0, count - share);
    if (count > share) aboveShare++;
  }
  return moves - Math.min(aboveShare, owners.length % nodes.length);
}

/** By trying all assignments: nodes to the power of partitions. */
export function fewestMovesTried(nodes: readonly string[], owners: readonly (string | undefined)[]): number {
  let fewest = Number.POSITIVE_INFINITY;
  const given: string[] = [];
  const tryFrom = (partition: number, moves: number): void => {
    if (moves >= fewest) return;
    if (partition === owners.length) {
      if (spread(nodes, given) <= 1) fewest = moves;
      return;
    }
    const owner = owners[partition];
    const mayStay = owner !== undefined && nodes.includes(owner);
    for (const node of nodes) {
      given[partition] = node;
      tryFrom(partition + 1, moves + (mayStay && node !== owner ? 1 : 0));
    }
  };
  tryFrom(0, 0);
  return fewest;
}

/** How many partitions a node has more than another. */
export function spread(nodes: readonly string[], owners: readonly (string | undefined)[]): number {
  const counts = nodes.map((node) => owners.filter((owner) => owner === node).length);
  return Math.max(...counts) - Math.min(...counts);
}
