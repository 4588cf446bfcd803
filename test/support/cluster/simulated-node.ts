import type { Beat, Change, Claim } from '../../../src/cluster/claims/change.js';
import type { ClaimsAction, LossReason } from '../../../src/cluster/claims/claims-action.js';
import { ClaimsMachine } from '../../../src/cluster/claims/claims-machine.js';
import {
  changeOf,
  claimKey,
  claimOf,
  encodeBeat,
  encodeClaim,
  nodeKey,
} from '../../../src/cluster/members/entry-codec.js';

import type { MemoryEntries } from '../../../src/cluster/memory/memory-bucket.js';
import type { SeededRandom } from '../seeded-random.js';

/** Of all nodes of a world. */
export interface NodeSettings {
  readonly partitions: number;
  readonly standbys: number;
  readonly leaseMs: number;
  /** The longest way of a message, in milliseconds. */
  readonly delayMs: number;
}

/** What a node lives in. */
export interface NodeWorld {
  readonly settings: NodeSettings;
  readonly random: SeededRandom;
  readonly entries: MemoryEntries;
  readonly now: number;
  drains: number;
  after(delayMs: number, act: () => void): void;
  fence(partition: number, epoch: number): boolean;
}

const BEATS_PER_LEASE = 3;
/** As a runner does it: so often in a row, with a wait between two attempts. */
const UNFIT_AFTER = 3;
const BACKOFF_MS = 1000;

/** A node that does what its claims machine says, over a network and with a clock that can be made bad. */
export class SimulatedNode {
  readonly name: string;
  /** Why partitions had to stop at once. */
  readonly losses: LossReason[] = [];
  readonly told: ClaimsAction[] = [];
  /** Openings that failed. */
  failures = 0;
  /** What it can open: nothing while its disk is broken. */
  broken = false;
  readonly #world: NodeWorld;
  /** C6: no clock shows the same. */
  readonly #clockOffset: number;
  readonly #machine: ClaimsMachine;
  readonly #run: number;
  /** The epochs of what was opened here and has not ended. */
  readonly #open = new Map<number, number>();
  readonly #ending = new Set<number>();
  readonly #views = new Map<number, 'behind' | 'warm'>();
  readonly #waiting: (() => void)[] = [];
  /** By partition, how often in a row. */
  readonly #failed = new Map<number, number>();
  #beats = 0;
  #toldUntil = 0;
  #stopWatch: (() => void) | undefined;
  #state: 'well' | 'paused' | 'dead' = 'well';
  #cut = false;
  #leaving = false;
  #deciding = false;

  constructor(world: NodeWorld, name: string) {
    this.name = name;
    this.#world = world;
    this.#clockOffset = world.random.below(1_000_000_000);
    this.#run = world.entries.put(nodeKey(name), encodeBeat(this.#beat(0))) ?? 0;
    const { partitions, standbys, leaseMs } = world.settings;
    this.#machine = new ClaimsMachine({ self: { node: name, run: this.#run }, partitions, standbys, leaseMs });
    this.#watch();
    this.#goOnBeating();
    this.#tick();
  }

  get isWell(): boolean {
    return this.#state === 'well' && !this.#cut && !this.#leaving;
  }

  /** It runs here, and nobody has fenced it out. */
  runs(partition: number, epoch: number): boolean {
    return (
      this.#state !== 'dead' && this.#machine.stateOf(partition) === 'running' && this.#open.get(partition) === epoch
    );
  }

  kill(): void {
    this.#state = 'dead';
    this.#stopWatch?.();
  }

  pause(): void {
    if (this.#state === 'well') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'well';
    for (const act of this.#waiting.splice(0)) act();
  }

  /** A run of it fails. */
  crash(partition: number): void {
    this.#end(partition);
  }

  cut(): void {
    this.#cut = true;
    this.#stopWatch?.();
    this.#here(0, () => this.#tell({ type: 'interrupted' }));
  }

  mend(): void {
    if (!this.#cut || this.#state === 'dead') return;
    this.#cut = false;
    this.#watch();
  }

  leave(): void {
    this.#leaving = true;
    this.#here(0, () => {
      this.#machine.leave();
      this.#decide();
    });
  }

  get #now(): number {
    return this.#world.now + this.#clockOffset;
  }

  #beat(run: number): Beat {
    const views = (wanted: string) =>
      [...this.#views].filter(([, view]) => view === wanted).map(([partition]) => partition);
    return {
      node: this.name,
      run,
      count: this.#beats,
      leaseMs: this.#world.settings.leaseMs,
      accepts: !this.#leaving,
      ...(run === 0 ? { running: [], restarting: [], unfit: [] } : this.#machine.own),
      ended: [],
      warm: views('warm'),
      behind: views('behind'),
    };
  }

  /** What this node does itself: later when it stands still, never when it is dead. */
  #here(delayMs: number, act: () => void): void {
    this.#world.after(delayMs, () => {
      if (this.#state === 'paused') this.#waiting.push(act);
      else if (this.#state === 'well') act();
    });
  }

  #someMs(): number {
    return this.#world.random.below(this.#world.settings.delayMs + 1);
  }

  /** A request whose way there or back a cut can end. */
  #ask<T>(act: () => T, answered: (answer: T | 'unknown') => void): void {
    const lost = () => this.#here(this.#world.settings.leaseMs / 2, () => answered('unknown'));
    this.#world.after(this.#someMs(), () => {
      if (this.#cut) return lost();
      const answer = act();
      this.#world.after(this.#someMs(), () => (this.#cut ? lost() : this.#here(0, () => answered(answer))));
    });
  }

  #watch(): void {
    let open = true;
    const tell = (change: Change) => {
      // in order, each at its time
      this.#toldUntil = Math.max(this.#toldUntil, this.#world.now + this.#someMs());
      this.#here(this.#toldUntil - this.#world.now, () => {
        if (open) this.#tell(change);
      });
    };
    const unfollow = this.#world.entries.follow(
      (entry) => {
        const change = changeOf(entry, 0);
        if (change !== undefined) tell(change);
      },
      () => tell({ type: 'caught-up' }),
    );
    this.#stopWatch = () => {
      open = false;
      unfollow();
    };
  }

  #tell(change: Change): void {
    this.#machine.handle(change);
    this.#decide();
  }

  #sendBeat(): void {
    this.#beats++;
    const beat = this.#beat(this.#run);
    this.#machine.beatSent(beat.count, this.#now);
    this.#ask(
      () => this.#world.entries.put(nodeKey(this.name), encodeBeat(beat)),
      (answer) => {
        if (answer !== 'unknown') this.#machine.beatTaken(beat.count);
        this.#decide();
      },
    );
  }

  #goOnBeating(): void {
    this.#sendBeat();
    this.#here(this.#world.settings.leaseMs / BEATS_PER_LEASE, () => this.#goOnBeating());
  }

  #tick(): void {
    this.#decide();
    this.#here(Math.max(1, (this.#machine.deadline() ?? this.#now) - this.#now), () => this.#tick());
  }

  /** Once for all that happens at one time. */
  #decide(): void {
    if (this.#deciding) return;
    this.#deciding = true;
    this.#here(1, () => this.#decideNow());
  }

  #decideNow(): void {
    this.#deciding = false;
    for (const action of this.#machine.decide(this.#now)) this.#do(action);
  }

  #do(action: ClaimsAction): void {
    this.told.push(action);
    if (action.type === 'claim') this.#put(action.partition, action.revision, true);
    else if (action.type === 'release') this.#put(action.claim.partition, action.claim.revision, false);
    else if (action.type === 'open') this.#begin(action.claim);
    else if (action.type === 'drain') this.#drain(action.partition);
    else if (action.type === 'stop') this.#stop(action.partition, action.reason);
    else if (action.type === 'follow') this.#follow(action.partition);
    else if (action.type === 'unfollow') this.#views.delete(action.partition);
  }

  #put(partition: number, revision: number, claims: boolean): void {
    const owner = claims ? { node: this.name, run: this.#run } : undefined;
    this.#ask(
      () => this.#world.entries.put(claimKey(partition), encodeClaim(owner), revision) ?? 'refused',
      (now) => {
        this.#machine.settle(partition, typeof now === 'string' ? now : claimOf(partition, owner, now, 0));
        this.#decide();
      },
    );
  }

  #begin(claim: Claim): void {
    const { partition, epoch } = claim;
    this.#open.set(partition, epoch);
    const isStill = () => this.#open.get(partition) === epoch;
    const go = (act: () => void) => this.#here(this.#someMs(), () => (isStill() ? act() : undefined));
    go(() => {
      if (!this.#world.fence(partition, epoch)) {
        this.#machine.pass(partition, 'lose');
        return this.#end(partition);
      }
      this.#machine.pass(partition, 'fence');
      this.#machine.pass(partition, 'restore');
      if (this.broken) return this.#fail(partition, isStill);
      this.#failed.delete(partition);
      go(() => {
        this.#machine.pass(partition, 'open');
        go(() => {
          this.#machine.pass(partition, 'run');
          this.#machine.proved(partition);
          this.#sendBeat();
        });
      });
    });
  }

  #fail(partition: number, isStill: () => boolean): void {
    this.failures++;
    const inARow = (this.#failed.get(partition) ?? 0) + 1;
    this.#failed.set(partition, inARow % UNFIT_AFTER);
    if (inARow === UNFIT_AFTER) {
      this.#machine.failed(partition);
      this.#sendBeat();
      this.#end(partition);
      return;
    }
    this.#machine.pass(partition, 'fail');
    this.#decide();
    this.#here(BACKOFF_MS, () => (isStill() ? this.#end(partition) : undefined));
  }

  #drain(partition: number): void {
    this.#world.drains++;
    const epoch = this.#open.get(partition);
    this.#here(this.#someMs(), () => {
      // what comes to its end already says so itself
      if (this.#ending.has(partition) || this.#open.get(partition) !== epoch) return;
      this.#open.delete(partition);
      this.#views.set(partition, 'warm');
      if (this.#machine.stateOf(partition) === 'draining') this.#machine.pass(partition, 'release');
      this.#decide();
    });
  }

  #stop(partition: number, reason: LossReason): void {
    this.losses.push(reason);
    this.#end(partition);
  }

  #end(partition: number): void {
    this.#open.delete(partition);
    this.#ending.add(partition);
    this.#here(this.#someMs(), () => {
      this.#ending.delete(partition);
      this.#machine.pass(partition, 'end');
      this.#decide();
    });
  }

  #follow(partition: number): void {
    this.#views.set(partition, this.#views.get(partition) ?? 'behind');
    this.#here(this.#world.settings.leaseMs, () => {
      if (this.#views.has(partition)) this.#views.set(partition, 'warm');
    });
  }
}
