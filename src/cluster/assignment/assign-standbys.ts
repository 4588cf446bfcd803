import type { Follower, Situation } from './situation.js';

/**
 * The standbys. A partition keeps those that follow it, warm ones first, and has as many as are wanted, or as there are other nodes. No
 * node has more of them than its share, rounded up. What one owner has is spread over the others, for its death makes all of it homeless.
 */
export function assignStandbys(
  { nodes, owners: had, followers, standbys }: Situation,
  owners: readonly (string | undefined)[],
): readonly (readonly string[])[] {
  const wanted = Math.max(0, Math.min(standbys, nodes.length - 1));
  if (wanted === 0) return owners.map(() => []);
  const places = new StandbyPlaces(nodes, owners, wanted);
  // who has it now and will have it no longer has the warmest view of all
  for (const [partition, node] of had.entries()) if (node !== undefined) places.keep(partition, node);
  for (const isWarm of [true, false]) {
    for (const [partition, known] of followers.entries()) {
      for (const { node, warm } of [...known].sort(byNode)) if (warm === isWarm) places.keep(partition, node);
    }
  }
  for (let round = 0; round < wanted; round++) for (const partition of owners.keys()) places.fill(partition);
  return places.chosen.map((nodes, partition) => inOrder(nodes, followers[partition] ?? []));
}

/** Warm ones come first, then those that have a view at all. */
function inOrder(nodes: readonly string[], followers: readonly Follower[]): readonly string[] {
  const warmth = new Map(followers.map(({ node, warm }) => [node, warm ? 2 : 1]));
  const rank = (node: string): number => warmth.get(node) ?? 0;
  return [...nodes].sort((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1));
}

const byNode = (a: { readonly node: string }, b: { readonly node: string }): number => (a.node < b.node ? -1 : 1);

class StandbyPlaces {
  readonly chosen: readonly string[][];
  readonly #nodes: readonly string[];
  readonly #owners: readonly (string | undefined)[];
  readonly #wanted: number;
  readonly #share: number;
  readonly #loads: Map<string, number>;
  /** How many of an owner's partitions a node follows. */
  readonly #together = new Map<string, number>();

  constructor(nodes: readonly string[], owners: readonly (string | undefined)[], wanted: number) {
    this.#nodes = nodes;
    this.#owners = owners;
    this.#wanted = wanted;
    this.#share = Math.ceil((owners.length * wanted) / nodes.length);
    this.#loads = new Map(nodes.map((node) => [node, 0]));
    this.chosen = owners.map(() => []);
  }

  /** Who follows goes on, if it is wanted and has not its share already. */
  keep(partition: number, node: string): void {
    if (this.#lacks(partition) && this.#hasRoom(node) && this.#mayFollow(partition, node)) this.#add(partition, node);
  }

  /** One more, if one is missing. */
  fill(partition: number): void {
    if (!this.#lacks(partition)) return;
    const free = this.#nodes.filter((node) => this.#hasRoom(node) && this.#mayFollow(partition, node));
    const best = this.#best(partition, free);
    if (best !== undefined) this.#add(partition, best);
    else this.#exchange(partition);
  }

  #lacks(partition: number): boolean {
    return (this.chosen[partition]?.length ?? this.#wanted) < this.#wanted;
  }

  #hasRoom(node: string): boolean {
    return (this.#loads.get(node) ?? this.#share) < this.#share;
  }

  #mayFollow(partition: number, node: string): boolean {
    return this.#owners[partition] !== node && this.chosen[partition]?.includes(node) === false;
  }

  #best(partition: number, nodes: readonly string[]): string | undefined {
    const rank = (node: string): [number, number] => [
      this.#together.get(this.#pair(partition, node)) ?? 0,
      this.#loads.get(node) ?? 0,
    ];
    return nodes
      .map((node) => ({ node, rank: rank(node) }))
      .sort((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || byNode(a, b))[0]?.node;
  }

  /** Only nodes that may not follow the partition have room: one of them takes another partition from a node that may. */
  #exchange(partition: number): void {
    const roomy = this.#nodes.filter((node) => this.#hasRoom(node));
    for (const [other, followers] of this.chosen.entries()) {
      const giver = followers.find((node) => this.#mayFollow(partition, node));
      const taker = giver === undefined ? undefined : roomy.find((node) => this.#mayFollow(other, node));
      if (giver === undefined || taker === undefined) continue;
      this.#remove(other, giver);
      this.#add(other, taker);
      this.#add(partition, giver);
      return;
    }
  }

  #pair(partition: number, node: string): string {
    return `${this.#owners[partition]} ${node}`;
  }

  #add(partition: number, node: string): void {
    this.chosen[partition]?.push(node);
    this.#count(partition, node, 1);
  }

  #remove(partition: number, node: string): void {
    const followers = this.chosen[partition];
    followers?.splice(followers.indexOf(node), 1);
    this.#count(partition, node, -1);
  }

  #count(partition: number, node: string, by: number): void {
    const pair = this.#pair(partition, node);
    this.#loads.set(node, (this.#loads.get(node) ?? 0) + by);
    this.#together.set(pair, (this.#together.get(pair) ?? 0) + by);
  }
}
