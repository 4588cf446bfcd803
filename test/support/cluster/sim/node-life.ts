import type { SimLife } from '../../sim/sim-life.js';
import type { SimWorld } from '../../sim/sim-world.js';

/** C6: clocks of machines differ by so much, in milliseconds. */
const MOST_AHEAD_MS = 1_000_000_000;

/** The process of a node: it can stand still, go on, and die at any write. */
export class NodeLife implements SimLife {
  readonly #world: SimWorld;
  readonly clockAheadMs: number;
  /** What is to happen to it when it goes on; undefined while it does not stand still. */
  #waiting: (() => void)[] | undefined;
  #alive = true;
  /** Writes until it dies. */
  writesLeft = Number.POSITIVE_INFINITY;
  onDeath: () => void = () => {};

  constructor(world: SimWorld) {
    this.#world = world;
    this.clockAheadMs = world.random.below(MOST_AHEAD_MS);
  }

  get alive(): boolean {
    return this.#alive;
  }

  get standsStill(): boolean {
    return this.#waiting !== undefined;
  }

  beforeIo(): void {
    this.writesLeft -= 1;
    if (this.writesLeft <= 0) this.kill();
  }

  enter(run: () => void): void {
    if (!this.#alive) return;
    if (this.#waiting !== undefined) {
      this.#waiting.push(run);
      return;
    }
    this.#world.life = this;
    run();
  }

  pause(): void {
    this.#waiting ??= [];
  }

  goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const run of waiting) this.#world.clock.after(0, () => this.enter(run), this);
  }

  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const { link, life } of this.#world.links) if (life === this) link.clientGone();
    this.onDeath();
  }
}
