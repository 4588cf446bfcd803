import assert from 'node:assert/strict';
import { MemoryEntries } from '../../../src/cluster/memory/memory-bucket.js';
import { SeededRandom } from '../seeded-random.js';
import { type NodeSettings, type NodeWorld, SimulatedNode } from './simulated-node.js';

/** One step of a world that has its own time. */
interface Step {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** How a world is made. */
export interface WorldSettings extends NodeSettings {
  readonly seed: number;
}

/** Nodes with claims, partitions whose logs are only the epoch of their last record, and time that passes when it is told to. */
export class ClaimsWorld implements NodeWorld {
  readonly settings: WorldSettings;
  readonly random: SeededRandom;
  readonly entries = new MemoryEntries();
  readonly nodes = new Map<string, SimulatedNode>();
  /** By partition, the epoch of the last record of its log. */
  readonly logs: number[];
  /** Partitions that ended in order, to be moved. */
  drains = 0;
  readonly #steps: Step[] = [];
  #order = 0;
  #now = 0;

  constructor(settings: WorldSettings) {
    this.settings = settings;
    this.random = new SeededRandom(settings.seed);
    this.logs = Array.from({ length: settings.partitions }, () => 0);
  }

  get now(): number {
    return this.#now;
  }

  after(delayMs: number, act: () => void): void {
    const step = { at: this.#now + delayMs, order: this.#order++, act };
    const place = this.#steps.findIndex(({ at }) => at > step.at);
    if (place === -1) this.#steps.push(step);
    else this.#steps.splice(place, 0, step);
  }

  /** Lets time pass, and looks at what must always hold after each step. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (let step = this.#steps[0]; step !== undefined && step.at <= end; step = this.#steps[0]) {
      this.#steps.shift();
      this.#now = step.at;
      step.act();
    }
    this.#now = end;
  }

  start(name: string): SimulatedNode {
    this.nodes.get(name)?.kill();
    const node = new SimulatedNode(this, name);
    this.nodes.set(name, node);
    return node;
  }

  /** CM4, C1: what a log takes has a higher epoch than all before. Gives whether this one has. */
  fence(partition: number, epoch: number): boolean {
    const last = this.logs[partition] ?? 0;
    assert.notEqual(epoch, last, `partition ${partition}: epoch ${epoch} was used before`);
    if (epoch < last) return false;
    this.logs[partition] = epoch;
    return true;
  }

  /** By partition, the nodes at which it runs, with the epoch of its log's last record: the others write in vain. */
  runningAt(): readonly (readonly string[])[] {
    return this.logs.map((epoch, partition) =>
      [...this.nodes.values()].filter((node) => node.runs(partition, epoch)).map(({ name }) => name),
    );
  }

  get living(): readonly string[] {
    return [...this.nodes.values()].filter((node) => node.isWell).map(({ name }) => name);
  }
}
