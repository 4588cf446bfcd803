import { MillraceError } from '../../../../src/errors/index.js';
import type { PartitionState } from './partition-state.js';
import type { AnyLife, Surroundings } from './surroundings.js';

/** What a life wants to have committed. */
export interface Sealed<T> {
  /** What the log leads to with it. */
  readonly next: (now: T) => T;
  /** It is durable. */
  readonly committed: () => void;
}

/** How long nothing is heard of a commit of a zombie before it notices. */
const LEASE_MS = 1_500;

/** One opening of a partition: a process that hears, speaks, and commits as long as it is the last one. */
export abstract class ExchangeLife<T> implements AnyLife {
  abstract readonly kind: 'sender' | 'receiver';
  readonly partition: number;
  protected readonly world: Surroundings;
  readonly #log: PartitionState<T>;
  readonly #epoch: number;
  #ended = false;
  /** What comes until it is resumed. */
  #waiting: (() => void)[] | undefined;
  #committing = false;

  protected constructor(world: Surroundings, partition: number, log: PartitionState<T>) {
    this.world = world;
    this.partition = partition;
    this.#log = log;
    log.epoch += 1;
    this.#epoch = log.epoch;
  }

  abstract hear(bytes: Uint8Array): void;
  /** It is ready to hear. */
  protected abstract opened(): void;
  /** Does what it has to do. */
  protected abstract work(): void;
  /** What belongs into a commit; undefined for nothing. */
  protected abstract seal(): Sealed<T> | undefined;

  get isOwner(): boolean {
    return this.#log.epoch === this.#epoch;
  }

  begin(): void {
    this.deliver(() => this.opened());
    this.#tick();
  }

  end(): void {
    this.#ended = true;
    this.world.forget(this);
  }

  standStill(forMs: number): void {
    this.#waiting ??= [];
    this.world.time.after(forMs, () => this.resume());
  }

  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const act of waiting) this.deliver(act);
  }

  deliver(act: () => void): void {
    if (this.#waiting !== undefined) this.#waiting.push(act);
    else if (!this.#ended) act();
  }

  #tick(): void {
    const { time, random } = this.world;
    time.after(1 + random.below(this.world.isCalm ? 20 : 80), () => this.deliver(() => this.#turn()));
  }

  #turn(): void {
    const { world } = this;
    this.#tick();
    if (this.isOwner && !world.isCalm && world.random.chance(world.settings.takeovers))
      return void world.takeOver(this);
    this.work();
    if (!this.#committing) this.#commit();
  }

  /** The record is on its way for a while, in which others may come before it. Whether it was refused is heard later. */
  #commit(): void {
    const sealed = this.seal();
    if (sealed === undefined) return;
    const { time, random } = this.world;
    this.#committing = true;
    time.after(1 + random.below(10), () => {
      const isDurable = this.isOwner;
      if (isDurable) this.#log.now = sealed.next(this.#log.now);
      // of a zombie that is cut off the answer is long in coming
      const waitMs = !isDurable && random.chance(0.5) ? LEASE_MS : 1 + random.below(10);
      time.after(waitMs, () => this.deliver(() => this.#answered(isDurable, sealed)));
    });
  }

  #answered(isDurable: boolean, { committed }: Sealed<T>): void {
    this.#committing = false;
    if (!isDurable) {
      this.world.tally.refused += 1;
      return void this.end();
    }
    try {
      committed();
    } catch (error) {
      throw new Error(`${this.kind} ${this.partition} failed the job: ${MillraceError.from(error).message}`);
    }
    this.work();
  }
}
