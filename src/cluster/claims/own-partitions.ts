import { MillraceError } from '../../errors/index.js';
import type { Claim } from './change.js';
import { isHeld, PARTITION_LIFE, type PartitionSignal, type PartitionState } from './partition-life.js';

interface Own {
  state: PartitionState;
  /** That of the last claim. */
  claim: Claim | undefined;
  /** It ended in order since. */
  delivered: boolean;
}

/** The partitions of this node, by their life. */
export class OwnPartitions {
  readonly #own: readonly Own[];

  constructor(partitions: number) {
    this.#own = Array.from({ length: partitions }, (): Own => ({ state: 'idle', claim: undefined, delivered: false }));
  }

  stateOf(partition: number): PartitionState {
    return this.#at(partition).state;
  }

  claimOf(partition: number): Claim | undefined {
    return this.#at(partition).claim;
  }

  /** Since its last claim it ended in order: what has ended in any other way left something. */
  hasDelivered(partition: number): boolean {
    return this.#at(partition).delivered;
  }

  /** Those that this node has a claim of, as far as it knows. */
  held(): readonly number[] {
    return this.inStates(isHeld);
  }

  /** Held, and not on their way out. */
  staying(): readonly number[] {
    return this.inStates((state) => isHeld(state) && state !== 'draining');
  }

  inStates(wanted: (state: PartitionState) => boolean): readonly number[] {
    return this.#own.flatMap(({ state }, partition) => (wanted(state) ? [partition] : []));
  }

  claim(claim: Claim): void {
    this.pass(claim.partition, 'claim');
    const own = this.#at(claim.partition);
    own.claim = claim;
    own.delivered = false;
  }

  /** @throws MillraceError INTERNAL for what cannot happen there */
  pass(partition: number, signal: PartitionSignal): void {
    const own = this.#at(partition);
    const next = PARTITION_LIFE[own.state][signal];
    if (next === undefined) throw new MillraceError('INTERNAL', `partition ${partition} is ${own.state}: no ${signal}`);
    own.state = next;
    if (signal === 'release') own.delivered = true;
  }

  #at(partition: number): Own {
    const own = this.#own[partition];
    if (own === undefined) throw new MillraceError('INTERNAL', `there is no partition ${partition}`);
    return own;
  }
}
