import { LogFollower } from '../../../../src/store/log/log-follower.js';
import { MemoryView } from '../../../../src/store/log/memory/memory-view.js';
import type { PartitionLogs } from '../../../../src/store/log/partition-log.js';
import { SeededRandom } from '../../seeded-random.js';
import { viewsOf } from '../../store/held-view.js';
import { ClusterFaults } from './cluster-faults.js';
import type { NodeKind } from './cluster-node.js';
import { ClusterWorld, portOf } from './cluster-world.js';
import type { MillFlaw } from './mill/mill.js';
import { millKind } from './mill/mill-kind.js';
import type { PartitionServer } from './partition-server.js';
import { lastingMs, type Schedule, scheduleOf } from './schedule.js';

/** What a schedule came to. */
export interface ClusterOutcome {
  readonly schedule: Schedule;
  /** Empty when all is well. */
  readonly verdicts: readonly string[];
  readonly fired: ReadonlyMap<string, number>;
  /** How often a log got a new owner. */
  readonly openings: number;
  readonly delivered: number;
  readonly steps: number;
}

/** So long may everything take once nothing goes wrong, in leases. */
const HEALING_LEASES = 60;
/** Some wait in the end whether somebody moves; by then all are balanced. */
const STILL_EVERY = 100;
const BALANCING_LEASES = 15;
const STILL_LEASES = 5;
/** Above it something turns without end. */
const MOST_STEPS = 300_000;
const START_MS = 20;
const FAR = Number.MAX_SAFE_INTEGER;

/** One schedule: nodes run partitions, things go wrong, all heals, and what came of it is judged. */
export class ClusterHistory {
  readonly #schedule: Schedule;
  readonly #kind: NodeKind;
  readonly world: ClusterWorld;
  readonly #verdicts: string[] = [];
  readonly #faults: ClusterFaults;
  #openings = 0;
  /** All was published, and all that was to go wrong has gone wrong. */
  #isOver = false;

  constructor(schedule: Schedule, kind: NodeKind) {
    this.#schedule = schedule;
    this.#kind = kind;
    this.world = new ClusterWorld(schedule, kind, {
      complain: (text) => void this.#verdicts.push(text),
      opening: (machine, life) => this.#faults.opening(machine, life),
      opened: () => {
        this.#openings += 1;
      },
    });
    const { sim, machines, servers, brokers } = this.world;
    const hits = (fault: object): void => this.world.say(() => `fault ${JSON.stringify(fault)}`);
    const provoke = (): void => {
      for (const partition of servers.keys()) this.#publish(partition);
    };
    this.#faults = new ClusterFaults({ world: sim, machines, servers, brokers, portOf, hits, provoke });
  }

  async play(): Promise<ClusterOutcome> {
    const { clock } = this.world.sim;
    clock.after(0, () => this.#begin());
    await this.#until(() => this.#isOver, FAR, 'NEVER OVER');
    clock.after(0, () => this.#heal());
    const healed = clock.now + HEALING_LEASES * this.#schedule.leaseMs;
    await this.#until(() => this.#isCalm, healed, 'C7: NOT LIVE');
    if (this.#schedule.seed % STILL_EVERY === 0) await this.#stayStill();
    await this.#judge();
    return {
      schedule: this.#schedule,
      verdicts: this.#verdicts,
      fired: this.#faults.fired,
      openings: this.#openings,
      delivered: this.world.deliveries.count,
      steps: clock.ran,
    };
  }

  #heal(): void {
    this.world.say(() => 'healing');
    this.#faults.heal();
  }

  /** C7: in the end nobody moves any more. */
  async #stayStill(): Promise<void> {
    if (this.#verdicts.length > 0) return;
    const { leaseMs } = this.#schedule;
    const { sim } = this.world;
    await sim.run(() => false, sim.clock.now + BALANCING_LEASES * leaseMs);
    const openings = this.#openings;
    await sim.run(() => false, sim.clock.now + STILL_LEASES * leaseMs);
    if (this.#openings !== openings)
      this.#verdicts.push(`C7: ${this.#openings - openings} partitions moved for nothing`);
  }

  #begin(): void {
    const { nodes, partitions, messages, publishMs, faults, joinMs } = this.#schedule;
    const { sim, machines, brokers } = this.world;
    const { clock, random } = sim;
    for (let partition = 0; partition < partitions; partition++) {
      this.#kind.prepare(brokers, partition);
      for (let count = 0; count < messages; count++)
        clock.after(random.next() * publishMs, () => this.#publish(partition));
    }
    for (const machine of machines.slice(0, nodes)) machine.startAfter(random.next() * START_MS);
    if (joinMs !== undefined) machines[nodes]?.startAfter(joinMs);
    for (const { atMs, fault } of faults) clock.after(atMs, () => this.#faults.inflict(fault));
    const ends = faults.map(({ atMs, fault }) => atMs + lastingMs(fault));
    clock.after(Math.max(publishMs, joinMs ?? 0, ...ends), () => {
      this.#isOver = true;
    });
  }

  /** What nobody has subscribed to yet goes nowhere. */
  #publish(partition: number): void {
    const { brokers, deliveries } = this.world;
    const payload = String(deliveries.next(partition));
    const takers = brokers.source.publish({ topic: `in/${partition}`, payload, qos: 2 });
    if (takers.length > 0) deliveries.published(partition);
  }

  /** Ends early when there is a verdict. */
  async #until(done: () => boolean, untilMs: number, complaint: string): Promise<void> {
    const verdicts = this.#verdicts;
    if (verdicts.length > 0) return;
    const { sim } = this.world;
    const tooMuch = sim.clock.ran + MOST_STEPS;
    const ended = (): boolean => verdicts.length > 0 || sim.clock.ran > tooMuch || done();
    const reached = (await sim.run(ended, untilMs)) && sim.clock.ran <= tooMuch;
    if (!reached) verdicts.push(`${complaint}: ${this.#where()}`);
  }

  /** C7: each partition runs at one node, and everything is delivered. */
  get #isCalm(): boolean {
    const { brokers, deliveries, servers } = this.world;
    return (
      deliveries.isComplete &&
      brokers.source.idle &&
      brokers.sink.idle &&
      servers.every((_, partition) => this.#runs(partition))
    );
  }

  #runs(partition: number): boolean {
    return this.world.machines.filter(({ process, isUp }) => isUp && process?.node.runs(partition)).length === 1;
  }

  #where(): string {
    const { brokers, deliveries, servers, machines, sim } = this.world;
    return JSON.stringify({
      delivered: deliveries.missing(),
      sourceIdle: brokers.source.idle,
      sinkIdle: brokers.sink.idle,
      running: servers.map((_, partition) => this.#runs(partition)),
      up: machines.map(({ isUp }) => isUp),
      steps: sim.clock.ran,
    });
  }

  /** C4: from what a machine has, and from nothing, the same comes out as from all records. */
  async #judge(): Promise<void> {
    if (this.#verdicts.length > 0) return;
    const { servers, machines, logs } = this.world;
    for (const [partition, server] of servers.entries()) {
      for (const { name, disk } of machines) {
        const view = disk.views.get(partition);
        if (view === undefined) continue;
        logs.checkBehind(partition, view, `the view of ${name}`);
        await this.#bringUp(partition, server, view, `the view of ${name}`);
      }
      await this.#bringUp(partition, server, new MemoryView(), 'what is restored');
    }
  }

  async #bringUp(partition: number, server: PartitionServer, view: MemoryView, what: string): Promise<void> {
    const logs: PartitionLogs = {
      location: 'simulated servers',
      open: async () => server.open(),
      blobs: async () => server.blobs,
      close: async () => {},
    };
    const follower = await LogFollower.open({ job: 'job', partition, logs, views: viewsOf(view) });
    try {
      await follower.catchUp();
      this.world.logs.checkView(partition, view, what);
    } catch (error) {
      this.#verdicts.push(`C4: ${what} of partition ${partition} cannot be brought up: ${String(error)}`);
    } finally {
      await follower.close();
    }
  }
}

/** In which the world is wrong on purpose. */
export interface ClusterFlaws {
  readonly mill?: MillFlaw;
  /** The logs let in what belongs elsewhere. */
  readonly lax?: boolean;
}

/** The history of a seed's schedule. */
export function historyOf(seed: number, { mill, lax = false }: ClusterFlaws = {}): ClusterHistory {
  const history = new ClusterHistory(scheduleOf(seed, new SeededRandom(seed + 1_000_000)), millKind(mill));
  for (const server of history.world.servers) server.lax = lax;
  return history;
}

export const playSchedule = (seed: number, flaws: ClusterFlaws = {}): Promise<ClusterOutcome> =>
  historyOf(seed, flaws).play();
