import type { SeededRandom } from '../../seeded-random.js';
import type { SimWorld } from '../../sim/sim-world.js';
import { NodeLife } from './node-life.js';
import { SimLine } from './sim-line.js';
import { SimDiskViews } from './sim-views.js';

/** A process of a machine, and its ways to the servers. */
export interface ClusterProcess<Node> {
  readonly life: NodeLife;
  readonly bucketLine: SimLine;
  readonly logLine: SimLine;
  readonly node: Node;
}

/** What a machine is made of. */
export interface ClusterMachineParts<Node> {
  readonly name: string;
  readonly world: SimWorld;
  readonly random: SeededRandom;
  readonly delayMs: number;
  readonly patienceMs: number;
  /** What runs in a process, whose life is the present one of the world. */
  readonly begin: (process: Omit<ClusterProcess<Node>, 'node'>, machine: ClusterMachine<Node>) => Node;
}

/** One machine: a disk, and one process after another. */
export class ClusterMachine<Node> {
  readonly name: string;
  readonly disk = new SimDiskViews();
  readonly #parts: ClusterMachineParts<Node>;
  process: ClusterProcess<Node> | undefined;
  /** The next process is about to begin. */
  #starting = false;

  constructor(parts: ClusterMachineParts<Node>) {
    this.name = parts.name;
    this.#parts = parts;
  }

  /** Its process lives. */
  get isUp(): boolean {
    return this.process?.life.alive === true;
  }

  start(): void {
    if (this.isUp) return;
    const { world, random, delayMs, patienceMs, begin } = this.#parts;
    const life = new NodeLife(world);
    const line = (): SimLine => new SimLine({ clock: world.clock, random, life, delayMs, patienceMs });
    const made = { life, bucketLine: line(), logLine: line() };
    world.life = life;
    this.process = { ...made, node: begin(made, this) };
  }

  /** Begins again after a while, if nothing else has it begin before. */
  startAfter(ms: number): void {
    if (this.#starting) return;
    this.#starting = true;
    this.#parts.world.clock.after(ms, () => {
      this.#starting = false;
      this.start();
    });
  }
}
