import type { ClaimsAction } from './claims-action.js';

/** Which logs of other nodes' partitions this one follows. */
export class Following {
  readonly #partitions = new Set<number>();

  /** What changes for a partition. */
  change(partition: number, wanted: boolean): readonly ClaimsAction[] {
    if (wanted === this.#partitions.has(partition)) return [];
    if (wanted) this.#partitions.add(partition);
    else this.#partitions.delete(partition);
    return [{ type: wanted ? 'follow' : 'unfollow', partition }];
  }
}
