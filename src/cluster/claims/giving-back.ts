import type { Assignment } from '../assignment/situation.js';
import type { ClusterView } from './cluster-view.js';
import type { OwnPartitions } from './own-partitions.js';

/**
 * Which partitions of this node should go to another now.
 *
 * CM2. It gives back, one at a time, what runs here and the assignment gives to another node: the next one only when that one runs there,
 *     and with standbys each only when the other's view is warm. What does not run yet needs not wait; one that leaves gives back all at
 *     once.
 */
export class GivingBack {
  readonly #self: string;
  readonly #standbys: number;
  #shed: { readonly partition: number; readonly to: string } | undefined;

  constructor(self: string, standbys: number) {
    this.#self = self;
    this.#standbys = standbys;
  }

  next({ owners }: Assignment, own: OwnPartitions, view: ClusterView): readonly number[] {
    const moving = own.staying().flatMap((partition) => {
      const to = owners[partition];
      const moves = to !== undefined && to !== this.#self && this.#canTake(partition, to, view);
      return moves ? [{ partition, to, runs: own.stateOf(partition) === 'running' }] : [];
    });
    const next = this.#isShedding(own, view) ? undefined : moving.find(({ runs }) => runs);
    if (next !== undefined) this.#shed = next;
    return moving.filter((one) => one === next || !one.runs).map(({ partition }) => partition);
  }

  /** What was given back last runs nowhere yet, and who was to take it is still alive. */
  #isShedding(own: OwnPartitions, view: ClusterView): boolean {
    if (this.#shed === undefined) return false;
    const { partition, to } = this.#shed;
    const owner = view.livingOwner(partition);
    const isOurs = owner === this.#self;
    const runs = isOurs ? own.stateOf(partition) === 'running' : view.runsAt(partition, owner);
    const isOver = runs || !view.isAlive(to);
    if (isOver) this.#shed = undefined;
    return !isOver;
  }

  #canTake(partition: number, node: string, view: ClusterView): boolean {
    return this.#standbys === 0 || view.isWarmAt(partition, node);
  }
}
