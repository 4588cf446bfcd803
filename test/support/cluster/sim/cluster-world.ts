import { MemoryEntries } from '../../../../src/cluster/memory/memory-bucket.js';
import { SimBroker, type SimBrokerWatcher } from '../../sim/sim-broker.js';
import { SimWorld } from '../../sim/sim-world.js';
import { ClusterMachine, type ClusterProcess } from './cluster-machine.js';
import type { ClusterNode, NodeKind, NodeSetting, Side } from './cluster-node.js';
import { DeliveryOracle } from './delivery-oracle.js';
import { LogOracle } from './log-oracle.js';
import type { NodeLife } from './node-life.js';
import { PartitionServer } from './partition-server.js';
import { habitsOf, type Schedule } from './schedule.js';
import { SilenceOracle } from './silence-oracle.js';
import { SimBucket } from './sim-bucket.js';
import { SimEdgeHub, SimEdges } from './sim-edges.js';
import { SimLogs } from './sim-log.js';
import { SimViews } from './sim-views.js';

/** Who looks on in a world. */
export interface ClusterWorldWatcher {
  readonly complain: (text: string) => void;
  /** See `NodeSetting`; by the number of the machine. */
  readonly opening: (machine: number, life: NodeLife) => void;
  readonly opened: () => void;
}

const PORTS: Readonly<Record<Side, number>> = { source: 1, sink: 2 };

export const portOf = (side: Side): number => PORTS[side];

/** An answer is waited for that long, in leases. */
const PATIENCE = 0.5;
/** What becomes of an append is unknown for that long, in leases, until it is given up. */
const DEADLINE = 3;

const nothing = (): void => {};

/** The servers of claims and logs, the brokers and the machines of a cluster, and who judges what happens there. */
export class ClusterWorld {
  readonly sim: SimWorld;
  readonly servers: readonly PartitionServer[];
  readonly machines: readonly ClusterMachine<ClusterNode>[];
  readonly brokers: Readonly<Record<Side, SimBroker>>;
  readonly logs: LogOracle;
  readonly deliveries: DeliveryOracle;
  /** Told what happens, a line each. */
  onLine: ((line: string) => void) | undefined;
  readonly #schedule: Schedule;
  readonly #kind: NodeKind;
  readonly #watcher: ClusterWorldWatcher;
  readonly #entries = new MemoryEntries();
  readonly #hub: SimEdgeHub;
  readonly #silence: SilenceOracle;
  /** By log that was opened to write. */
  readonly #writers = new WeakMap<object, NodeLife>();

  constructor(schedule: Schedule, kind: NodeKind, watcher: ClusterWorldWatcher) {
    const { seed, nodes, partitions, joinMs } = schedule;
    const { complain } = watcher;
    this.#schedule = schedule;
    this.#kind = kind;
    this.#watcher = watcher;
    this.sim = new SimWorld(seed);
    this.logs = new LogOracle(partitions, complain);
    this.#silence = new SilenceOracle((link) => this.sim.links.find((one) => one.link === link)?.life, complain);
    this.deliveries = new DeliveryOracle(partitions, kind.keys, { countOf: (key) => this.#countOf(key) }, complain);
    this.#hub = new SimEdgeHub(this.sim.random);
    this.servers = Array.from({ length: partitions }, (_, partition) => this.#serverOf(partition));
    this.brokers = { source: this.#brokerOf('source'), sink: this.#brokerOf('sink') };
    const all = nodes + (joinMs === undefined ? 0 : 1);
    this.machines = Array.from({ length: all }, (_, index) => this.#machineOf(index));
  }

  say(text: () => string): void {
    this.onLine?.(`${this.sim.clock.now.toFixed(2).padStart(10)} ${text()}`);
  }

  /** A key is in one partition. */
  #countOf(key: string): number {
    const counts = this.servers.map((_, partition) =>
      this.#kind.countOf(key, (storeKey) => this.logs.valueOf(partition, storeKey)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #brokerOf(side: Side): SimBroker {
    const broker = new SimBroker(this.sim.clock, habitsOf(this.#schedule)[side], this.#watch(side));
    this.sim.brokers.set(PORTS[side], broker);
    return broker;
  }

  #serverOf(partition: number): PartitionServer {
    return new PartitionServer(partition, this.sim.random, (_, entry, writer) => {
      this.logs.appended(partition, entry, writer);
      this.say(() => `log ${partition} has ${this.logs.describe(partition)}`);
      const life = this.#writers.get(writer);
      if (life !== undefined) this.#silence.appended(partition, life);
    });
  }

  #machineOf(index: number): ClusterMachine<ClusterNode> {
    const { leaseMs, delayMs } = this.#schedule;
    const { random } = this.sim;
    const machine: ClusterMachine<ClusterNode> = new ClusterMachine({
      name: `n${index}`,
      world: this.sim,
      random,
      delayMs,
      patienceMs: PATIENCE * leaseMs,
      begin: (process) => {
        this.say(() => `${machine.name} starts`);
        return this.#kind.begin(this.#settingOf(index, process, machine));
      },
    });
    return machine;
  }

  #settingOf(
    index: number,
    { life, bucketLine, logLine }: Omit<ClusterProcess<ClusterNode>, 'node'>,
    machine: ClusterMachine<ClusterNode>,
  ): NodeSetting {
    const { leaseMs, viewMs } = this.#schedule;
    const { random } = this.sim;
    const { complain, opening, opened } = this.#watcher;
    const { name, disk } = machine;
    return {
      name,
      schedule: this.#schedule,
      bucket: new SimBucket(this.#entries, bucketLine),
      edges: new SimEdges(this.#hub, logLine),
      logs: new SimLogs({
        line: logLine,
        random,
        server: (partition) => this.servers[partition] as PartitionServer,
        deadlineMs: DEADLINE * leaseMs,
        opened: (log) => void this.#writers.set(log, life),
      }),
      views: new SimViews(disk, life, () => random.next() * viewMs),
      connect: (side) => this.sim.connect(PORTS[side]),
      chance: () => random.next(),
      opening: () => opening(index, life),
      opened: (partition, has) => {
        opened();
        this.say(() => `${name} has opened partition ${partition}`);
        if (has !== undefined && this.logs.isOwner(partition, has.epoch))
          this.logs.checkView(partition, has.store, `what ${name} opens`);
      },
      ended: () => {
        this.say(() => `${name} ends`);
        machine.startAfter(random.next() * leaseMs);
        life.kill();
      },
      complain: (text) => complain(`${name}: ${text}`),
    };
  }

  #watch(side: Side): SimBrokerWatcher {
    const { complain } = this.#watcher;
    const isSource = side === 'source';
    return {
      delivered: (message) => {
        if (!isSource) this.deliveries.delivered(message);
      },
      handedOver: (_, message) => {
        if (isSource) this.deliveries.handedOver(message);
      },
      repeated: nothing,
      again: nothing,
      brokerLost: (clientId, messages) => {
        if (messages.length === 0) return;
        if (this.#kind.mayLose && isSource) this.deliveries.lost(messages);
        else complain(`the broker lost messages of ${clientId}`);
      },
      refusal: (message) => {
        if (!isSource) this.deliveries.arrived(message);
        return undefined;
      },
      complain: (text) => complain(`${side} broker: ${text}`),
      intercept: (direction, packet, place) => {
        this.say(() => `${side} broker ${direction === 'in' ? 'takes' : 'sends'} ${packet} ${place.clientId}`);
        this.#silence.passes(direction, packet, place);
        return undefined;
      },
    };
  }
}
