import { assign } from '../assignment/assign.js';
import type { Assignment } from '../assignment/situation.js';
import type { Beat, Change, Claim, Owner } from './change.js';
import type { ClaimsAction, LossReason } from './claims-action.js';
import { ClusterView } from './cluster-view.js';
import { Following } from './following.js';
import { GivingBack } from './giving-back.js';
import { HeldBack } from './held-back.js';
import { NodeRoll } from './node-roll.js';
import { OwnBeats } from './own-beats.js';
import { OwnFitness } from './own-fitness.js';
import { OwnPartitions } from './own-partitions.js';
import type { PartitionSignal, PartitionState } from './partition-life.js';

/** What a node has to know of itself and its job. */
export interface ClaimsOptions {
  readonly self: Owner;
  /** Of the job; they are numbered from 0. */
  readonly partitions: number;
  /** How many other nodes follow each. */
  readonly standbys: number;
  /** How long a node counts as alive without a beat, in milliseconds. */
  readonly leaseMs: number;
}

/** So many attempts at what had no answer belong into a lease. */
const ATTEMPTS_PER_LEASE = 4;

/**
 * Which partitions this node should claim, open, give back and follow: what is seen and `now` go in, actions come out. Whoever uses it
 * tells it what happens (`handle`, `beatSent`, `beatTaken`, `settle`, `pass`) and then calls `decide`, also at `deadline()`. Nothing here
 * makes an owner: a wrong view moves a partition in vain, and its log lets only one write. What it gives back is in `GivingBack`.
 *
 * CM1. A node claims only what is free or has a dead owner, and what the assignment gives it.
 * CM3. When no beat of its own was taken for a lease it stops everything: others may take over from then on.
 * CM4. Each opening has a claim of its own: what is opened again is claimed again, for the epoch of the former opening may have a write
 *     under way.
 */
export class ClaimsMachine {
  readonly #options: ClaimsOptions;
  readonly #view: ClusterView;
  readonly #own: OwnPartitions;
  readonly #beats: OwnBeats;
  readonly #roll = new NodeRoll();
  /** By partition, the revision for which an answer is awaited. */
  readonly #asked = new Map<number, number>();
  readonly #heldBack = new HeldBack();
  /** Claimed, and not yet said to be opened. */
  readonly #toOpen = new Set<number>();
  readonly #following = new Following();
  readonly #fitness = new OwnFitness();
  readonly #givingBack: GivingBack;
  #leaving = false;
  #superseded = false;
  #toldSuperseded = false;
  #now = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#view = new ClusterView(options.self, options.leaseMs);
    this.#own = new OwnPartitions(options.partitions);
    this.#beats = new OwnBeats(options.leaseMs);
    this.#givingBack = new GivingBack(options.self.node, options.standbys);
  }

  /** What the watch tells. */
  handle(change: Change): void {
    const { node, run } = this.#options.self;
    if (change.type === 'beat' && change.beat.node === node && change.beat.run > run) this.#superseded = true;
    this.#view.handle(change);
  }

  /** A beat begins its way. */
  beatSent(count: number, now: number): void {
    this.#beats.sent(count, now);
  }

  /** A beat was taken: all can see it. */
  beatTaken(count: number): void {
    this.#beats.taken(count);
  }

  /**
   * The answer to `claim` and `release`: the claim as it is now. `refused`: it is not that of the revision any more. `unknown`: there was
   * no answer.
   */
  settle(partition: number, answer: Claim | 'refused' | 'unknown'): void {
    const revision = this.#asked.get(partition) ?? 0;
    this.#asked.delete(partition);
    if (answer === 'unknown') this.#heldBack.add({ partition, revision }, this.#now + this.#retryMs);
    // the watch tells of a later one, if it has not already
    else if (answer === 'refused') this.#heldBack.add({ partition, revision }, Number.POSITIVE_INFINITY);
    else this.#granted(answer);
  }

  #granted(claim: Claim): void {
    this.#view.handle({ type: 'claim', claim });
    if (!this.#view.isSelf(claim.owner)) return;
    this.#own.claim(claim);
    this.#toOpen.add(claim.partition);
  }

  /** What became of a partition. `lose`: its log is another's (STORE_FENCED). */
  pass(partition: number, signal: Exclude<PartitionSignal, 'claim'>): void {
    this.#own.pass(partition, signal);
    // who fenced us out is seen soon; else the epochs lag behind the log
    if (signal === 'lose') this.#heldBack.add(this.#view.claim(partition), this.#now + this.#options.leaseMs, true);
  }

  /**
   * This node could not open the partition, again and again, for reasons of its own: others come before it, for a time that grows.
   * @returns for how long, in milliseconds
   */
  failed(partition: number): number {
    return this.#fitness.failed(partition, this.#now);
  }

  /** A run of the partition went well here. */
  proved(partition: number): void {
    this.#fitness.proved(partition);
  }

  /** From now on all is given back. */
  leave(): void {
    this.#leaving = true;
  }

  /** It takes part again. */
  stay(): void {
    this.#leaving = false;
  }

  stateOf(partition: number): PartitionState {
    return this.#own.stateOf(partition);
  }

  /** For the next beat, which does not wait when this changes: others wait for it (CM2). */
  get own(): Pick<Beat, 'running' | 'restarting' | 'unfit'> {
    return {
      running: this.#own.inStates((state) => state === 'running'),
      restarting: this.#own.inStates((state) => state === 'restarting'),
      unfit: this.#fitness.unfit(this.#now),
    };
  }

  /** All was given back, as far as it could be asked for. */
  get hasLeft(): boolean {
    return this.#leaving && this.#asked.size === 0 && this.#own.inStates((state) => state !== 'idle').length === 0;
  }

  /** Nobody has anything of the job, as it is seen from here. */
  get isIdleEverywhere(): boolean {
    return this.hasLeft && this.#view.isCurrent && this.#view.isUnowned(this.#options.partitions);
  }

  /** When nobody has anything of it: all that was in flight was delivered, or stored, before. */
  get hasDelivered(): boolean {
    return this.#view.hasDelivered(this.#options.partitions);
  }

  /** The sources of each partition have ended, as it is seen from here. */
  get hasEnded(): boolean {
    return this.#view.isCurrent && this.#view.hasEnded(this.#options.partitions);
  }

  /** Where each partition runs, as it is seen from here; undefined: nowhere. */
  get runningAt(): readonly (string | undefined)[] {
    return this.#view.runningAt(this.#options.partitions);
  }

  /** When to decide at the latest; undefined before the first time. */
  deadline(): number | undefined {
    const look = this.#view.deadline();
    const late = this.#beats.deadline() ?? 0;
    return look === undefined || late <= this.#now ? look : Math.min(look, late);
  }

  /** What is to be done now; each is said once. */
  decide(now: number): readonly ClaimsAction[] {
    this.#now = now;
    this.#view.look(now);
    if (this.#superseded) return this.#end();
    const silentMs = this.#beats.silentMs(now);
    if (silentMs >= this.#options.leaseMs) return this.#loseAll({ type: 'beats-late', silentMs });
    const actions = this.#losses();
    if (this.#leaving) actions.push(...this.#drainAll());
    if (this.#view.isCurrent) actions.push(...this.#decideByView());
    return [...actions, ...this.#open()];
  }

  #decideByView(): readonly ClaimsAction[] {
    const actions = [...this.#roll.changes(this.#view, this.#options.self.node)];
    const target = this.#assignment();
    for (let partition = 0; partition < this.#options.partitions; partition++) {
      actions.push(...this.#claimOrRelease(partition, target.owners[partition]));
    }
    return [...actions, ...this.#giveBack(target), ...this.#follow(target)];
  }

  #open(): readonly ClaimsAction[] {
    const opened = [...this.#toOpen].filter((partition) => this.#own.stateOf(partition) === 'claimed');
    this.#toOpen.clear();
    return opened.flatMap((partition): readonly ClaimsAction[] => {
      const claim = this.#own.claimOf(partition);
      return claim === undefined ? [] : [{ type: 'open', claim }];
    });
  }

  #end(): readonly ClaimsAction[] {
    const stops = this.#loseAll({ type: 'superseded' });
    const told = this.#toldSuperseded;
    this.#toldSuperseded = true;
    return told ? stops : [...stops, { type: 'superseded' }];
  }

  #loseAll(reason: LossReason): ClaimsAction[] {
    // the release may never have an answer; who has no lease has no claim
    for (const partition of this.#own.inStates((state) => state === 'released')) this.#own.pass(partition, 'end');
    return this.#own.held().map((partition) => this.#lose(partition, reason));
  }

  #lose(partition: number, reason: LossReason): ClaimsAction {
    this.#own.pass(partition, 'lose');
    return { type: 'stop', partition, reason };
  }

  /** What is held and claimed by somebody else since. */
  #losses(): ClaimsAction[] {
    return this.#own.held().flatMap((partition) => {
      const seen = this.#view.claim(partition);
      if (seen.revision <= (this.#own.claimOf(partition)?.revision ?? 0)) return [];
      return [this.#lose(partition, { type: 'moved', by: seen.owner?.node })];
    });
  }

  #assignment(): Assignment {
    const { partitions, standbys } = this.#options;
    return assign({
      nodes: this.#view.accepting(),
      owners: Array.from({ length: partitions }, (_, partition) => this.#view.livingOwner(partition)),
      followers: this.#view.followers(partitions),
      unfit: this.#view.unfit(partitions, this.#fitness.unfit(this.#now)),
      standbys,
    });
  }

  /** CM1, CM4; and a claim of ours with nothing behind it is given back when it should be another's. */
  #claimOrRelease(partition: number, target: string | undefined): ClaimsAction[] {
    const state = this.#own.stateOf(partition);
    if (this.#asked.has(partition) || (state !== 'idle' && state !== 'released')) return [];
    const claim = this.#view.claim(partition);
    if (this.#heldBack.has(claim, this.#now)) return [];
    const wasFenced = this.#heldBack.take(claim);
    const isOurs = this.#view.isSelf(claim.owner);
    const wanted = target === this.#options.self.node && !this.#leaving && state === 'idle';
    if (wanted && (isOurs || this.#view.livingOwner(partition) === undefined)) {
      this.#asked.set(partition, claim.revision);
      const ask: ClaimsAction = { type: 'claim', partition, revision: claim.revision };
      return wasFenced ? [{ type: 'epochs-behind', partition }, ask] : [ask];
    }
    if (state === 'released') this.#own.pass(partition, 'end');
    if (!isOurs) return [];
    this.#asked.set(partition, claim.revision);
    return [{ type: 'release', claim, early: !this.#own.hasDelivered(partition) }];
  }

  #giveBack(target: Assignment): ClaimsAction[] {
    return this.#givingBack.next(target, this.#own, this.#view).map((partition) => this.#drain(partition));
  }

  #drainAll(): ClaimsAction[] {
    return this.#own.staying().map((partition) => this.#drain(partition));
  }

  #drain(partition: number): ClaimsAction {
    this.#own.pass(partition, 'drain');
    return { type: 'drain', partition };
  }

  /** What it stands by for, and what it is to own and does not have yet: with standbys nothing moves to a node whose view is behind. */
  #follow({ owners, standbys: followers }: Assignment): ClaimsAction[] {
    const { self, standbys, partitions } = this.#options;
    return Array.from({ length: partitions }, (_, partition) => partition).flatMap((partition) => {
      const isNext = owners[partition] === self.node && standbys > 0 && this.#view.livingOwner(partition) !== undefined;
      const isFree = this.#own.stateOf(partition) === 'idle';
      const isWanted = isNext || followers[partition]?.includes(self.node) === true;
      return this.#following.change(partition, isFree && !this.#leaving && isWanted);
    });
  }

  get #retryMs(): number {
    return this.#options.leaseMs / ATTEMPTS_PER_LEASE;
  }
}
