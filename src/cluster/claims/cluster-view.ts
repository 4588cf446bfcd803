import type { Follower } from '../assignment/situation.js';
import type { Beat, Change, Claim, Owner } from './change.js';
import { FailureDetector } from './failure-detector.js';

/** What one node sees of the others and of the claims. It may be late, and then somebody moves in vain: the logs decide. */
export class ClusterView {
  readonly #self: Owner;
  readonly #detector: FailureDetector;
  readonly #beats = new Map<string, Beat>();
  readonly #claims = new Map<number, Claim>();
  #caughtUp = false;

  constructor(self: Owner, leaseMs: number) {
    this.#self = self;
    this.#detector = new FailureDetector(leaseMs);
  }

  /** Before anything is asked. */
  look(now: number): void {
    this.#detector.look(now);
  }

  deadline(): number | undefined {
    return this.#detector.deadline();
  }

  handle(change: Change): void {
    if (change.type === 'beat') this.#handleBeat(change.beat);
    else if (change.type === 'left') this.forget(change.node);
    else if (change.type === 'claim') this.#handleClaim(change.claim);
    else if (change.type !== 'unreadable') this.#handleWatch(change.type);
  }

  #handleBeat(beat: Beat): void {
    if ((this.#beats.get(beat.node)?.run ?? 0) > beat.run) return;
    const wasBlind = !this.seesItself;
    this.#detector.saw(beat.node, beat);
    this.#beats.set(beat.node, beat);
    // own beats were not seen for a while: then neither were those of others
    if (wasBlind && this.seesItself) this.#detector.restart();
  }

  #handleClaim(claim: Claim): void {
    const known = this.#claims.get(claim.partition);
    if (known === undefined || known.revision <= claim.revision) this.#claims.set(claim.partition, claim);
  }

  #handleWatch(type: 'caught-up' | 'interrupted'): void {
    this.#caughtUp = type === 'caught-up';
    if (this.#caughtUp) this.#detector.restart();
    else this.#claims.clear();
  }

  /** Whether it is worth acting on. */
  get isCurrent(): boolean {
    return this.#caughtUp && this.seesItself;
  }

  get seesItself(): boolean {
    return this.#detector.isAlive(this.#self.node);
  }

  /** All that were seen and not forgotten, dead ones too. */
  get nodes(): readonly Beat[] {
    return [...this.#beats.values()];
  }

  forget(node: string): void {
    this.#detector.left(node);
    this.#beats.delete(node);
  }

  isAlive(node: string): boolean {
    return this.#detector.isAlive(node);
  }

  silentMs(node: string): number {
    return this.#detector.silentMs(node);
  }

  /** The nodes that may have partitions. */
  accepting(): readonly string[] {
    return this.nodes.filter(({ node, accepts }) => accepts && this.isAlive(node)).map(({ node }) => node);
  }

  claim(partition: number): Claim {
    return this.#claims.get(partition) ?? { partition, owner: undefined, revision: 0, epoch: 0 };
  }

  /** Who has it; undefined: it is free, or its owner is gone or began anew. */
  livingOwner(partition: number): string | undefined {
    const owner = this.#claims.get(partition)?.owner;
    if (owner === undefined || !this.isAlive(owner.node)) return undefined;
    return this.#beats.get(owner.node)?.run === owner.run ? owner.node : undefined;
  }

  isSelf(owner: Owner | undefined): boolean {
    return owner?.node === this.#self.node && owner.run === this.#self.run;
  }

  runsAt(partition: number, node: string | undefined): boolean {
    return node !== undefined && this.#beats.get(node)?.running.includes(partition) === true;
  }

  /** By partition, the living nodes that could not open it. @param own what this one could not: its beats come late */
  unfit(partitions: number, own: readonly number[]): readonly (readonly string[])[] {
    const unfit = Array.from({ length: partitions }, (): string[] => []);
    for (const beat of this.nodes) {
      if (!this.isAlive(beat.node)) continue;
      for (const partition of beat.node === this.#self.node ? own : beat.unfit) unfit[partition]?.push(beat.node);
    }
    return unfit;
  }

  /** By partition, where it runs; undefined: nowhere. */
  runningAt(partitions: number): readonly (string | undefined)[] {
    return Array.from({ length: partitions }, (_, partition) => {
      const owner = this.livingOwner(partition);
      return this.runsAt(partition, owner) ? owner : undefined;
    });
  }

  /** Each partition runs at a node that says that its sources have ended. */
  hasEnded(partitions: number): boolean {
    for (let partition = 0; partition < partitions; partition++) {
      const owner = this.livingOwner(partition);
      if (owner === undefined || this.#beats.get(owner)?.ended.includes(partition) !== true) return false;
    }
    return true;
  }

  /** Each partition was given back when all that was in flight was delivered, or was never claimed. */
  hasDelivered(partitions: number): boolean {
    for (let partition = 0; partition < partitions; partition++) {
      const { owner, early } = this.claim(partition);
      if (owner !== undefined || early === true) return false;
    }
    return true;
  }

  isUnowned(partitions: number): boolean {
    for (let partition = 0; partition < partitions; partition++) {
      if (this.livingOwner(partition) !== undefined) return false;
    }
    return true;
  }

  isWarmAt(partition: number, node: string): boolean {
    return this.#beats.get(node)?.warm.includes(partition) === true;
  }

  /** By partition, the living nodes that have a view of it. */
  followers(partitions: number): readonly (readonly Follower[])[] {
    const followers = Array.from({ length: partitions }, (): Follower[] => []);
    for (const { node, warm, behind } of this.nodes) {
      if (!this.isAlive(node)) continue;
      for (const partition of warm) followers[partition]?.push({ node, warm: true });
      for (const partition of behind) followers[partition]?.push({ node, warm: false });
    }
    return followers;
  }
}
