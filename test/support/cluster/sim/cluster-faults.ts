import type { SimBroker } from '../../sim/sim-broker.js';
import type { SimLink } from '../../sim/sim-link.js';
import type { SimWorld } from '../../sim/sim-world.js';
import type { ClusterMachine, ClusterProcess } from './cluster-machine.js';
import type { Side } from './cluster-node.js';
import type { NodeLife } from './node-life.js';
import type { PartitionServer } from './partition-server.js';
import type { ClusterFault, Hold } from './schedule.js';
import { CALM } from './sim-way.js';

type FaultyMachine = Pick<ClusterMachine<unknown>, 'disk' | 'start' | 'startAfter'> & {
  readonly process: ClusterProcess<{ leave(): void }> | undefined;
};

/** What faults happen to. */
export interface ClusterFaultsParts {
  readonly world: SimWorld;
  readonly machines: readonly FaultyMachine[];
  readonly servers: readonly PartitionServer[];
  readonly brokers: Readonly<Record<Side, SimBroker>>;
  readonly portOf: (side: 'source' | 'sink') => number;
  /** A fault hits. */
  readonly hits: (fault: Pick<ClusterFault, 'kind'>) => void;
  /** Messages come, so that something is under way. */
  readonly provoke: () => void;
}

/** What was provoked has been under way for at most that long when a held CONNECT arrives, in milliseconds. */
const UNDER_WAY_MS = 30;

type NodeFault = Exclude<
  ClusterFault,
  { readonly partition: number } | { readonly kind: 'late-claim' | 'hold-next' | 'broker' }
>;

interface Held {
  /** Undefined: whoever connects. */
  readonly life: NodeLife | undefined;
  readonly fault: Extract<ClusterFault, Hold>;
}

/** Does what goes wrong, and undoes it in time, or when all heals. */
export class ClusterFaults {
  readonly #parts: ClusterFaultsParts;
  readonly #undo = new Set<() => void>();
  /** Whose next CONNECT is to be held; the first that fits. */
  #awaited: Held[] = [];
  /** Who is to stand still at its next claim, by its number, and for how long. */
  readonly #lateClaims = new Map<number, number>();
  readonly #stalled = new Map<NodeLife, Extract<ClusterFault, { kind: 'stall' }>>();
  readonly fired = new Map<ClusterFault['kind'], number>();

  constructor(parts: ClusterFaultsParts) {
    this.#parts = parts;
    parts.world.onConnect = (link, port, life) => this.#connecting(link, port, life as NodeLife);
  }

  /** From here on nothing is wrong any more. */
  heal(): void {
    this.#awaited = [];
    this.#lateClaims.clear();
    for (const undo of [...this.#undo]) undo();
    for (const machine of this.#parts.machines) {
      if (machine.process !== undefined) machine.process.life.writesLeft = Number.POSITIVE_INFINITY;
      machine.start();
    }
  }

  inflict(fault: ClusterFault): void {
    if ('partition' in fault) this.#inflictServers(fault);
    else if (fault.kind === 'late-claim') this.#lateClaims.set(fault.node, fault.ms);
    else if (fault.kind === 'broker') this.#crash(fault);
    else if (fault.kind === 'hold-next') this.#holdNext(fault);
    else this.#inflictNode(fault);
  }

  #holdNext(fault: Extract<ClusterFault, { kind: 'hold-next' }>): void {
    this.#awaited.push({ life: undefined, fault });
    for (const link of this.#parts.world.linksTo(this.#parts.portOf(fault.side))) link.sever();
  }

  #crash(fault: Extract<ClusterFault, { kind: 'broker' }>): void {
    const broker = this.#parts.brokers[fault.side];
    if (broker.down) return;
    this.#count(fault);
    broker.crash('restart', fault.downMs);
  }

  /** A node has a claim, and is about to take the log. */
  opening(node: number, life: NodeLife): void {
    const ms = this.#lateClaims.get(node);
    if (ms === undefined) return;
    this.#lateClaims.delete(node);
    this.#count({ kind: 'late-claim' });
    this.#pause(life, ms);
  }

  #inflictServers(fault: Extract<ClusterFault, { partition: number }>): void {
    const server = this.#parts.servers[fault.partition];
    if (server === undefined) return;
    this.#count(fault);
    if (fault.kind === 'election') {
      server.loseLeader();
      this.#for(fault.ms, () => server.elect());
    } else {
      server.lag = fault.records;
      this.#for(fault.ms, () => {
        server.lag = 0;
      });
    }
  }

  #inflictNode(fault: NodeFault): void {
    const machine = this.#parts.machines[fault.node];
    const process = machine?.process;
    if (machine === undefined || process?.life.alive !== true) return;
    const { life, bucketLine, logLine, node } = process;
    if (fault.kind !== 'hold') this.#count(fault);
    switch (fault.kind) {
      case 'pause':
        this.#pause(life, fault.ms);
        return;
      case 'kill':
        life.onDeath = () => {
          if (fault.diskLost) machine.disk.lose();
          if (fault.provokes) this.#parts.world.clock.after(0, () => this.#parts.provoke());
          machine.startAfter(fault.downMs);
        };
        if (fault.atWrite === 0) life.kill();
        else life.writesLeft = fault.atWrite;
        return;
      case 'leave':
        life.onDeath = () => machine.startAfter(fault.downMs);
        life.enter(() => node.leave());
        return;
      case 'cut': {
        const lines = { bucket: [bucketLine], logs: [logLine], both: [bucketLine, logLine] }[fault.from];
        for (const line of lines) line.cut(fault.way);
        this.#for(fault.ms, () => {
          for (const line of lines) line.mend();
        });
        return;
      }
      case 'trouble':
        for (const line of [bucketLine, logLine]) line.trouble(fault);
        this.#for(fault.ms, () => {
          for (const line of [bucketLine, logLine]) line.trouble(CALM);
        });
        return;
      case 'sever':
        for (const link of this.#links(life, fault.side)) link.sever();
        return;
      case 'stall':
        this.#stall(life, fault);
        return;
      case 'hold':
        this.#awaited.push({ life, fault });
        for (const link of this.#links(life, fault.side)) link.sever();
    }
  }

  #count(fault: Pick<ClusterFault, 'kind'>): void {
    this.#parts.hits(fault);
    this.fired.set(fault.kind, (this.fired.get(fault.kind) ?? 0) + 1);
  }

  #pause(life: NodeLife, ms: number): void {
    life.pause();
    this.#for(ms, () => life.goOn());
  }

  /** Of what the node connects meanwhile nothing moves either. */
  #stall(life: NodeLife, fault: Extract<ClusterFault, { kind: 'stall' }>): void {
    const { side, way, ms } = fault;
    this.#stalled.set(life, fault);
    for (const link of this.#links(life, side)) link.stall(way);
    this.#for(ms, () => {
      this.#stalled.delete(life);
      for (const link of this.#links(life, side)) link.resume();
    });
  }

  #connecting(link: SimLink, port: number, life: NodeLife): void {
    const stalled = this.#stalled.get(life);
    if (stalled !== undefined && this.#parts.portOf(stalled.side) === port) link.stall(stalled.way);
    const awaited = this.#awaited.find(
      (one) => this.#parts.portOf(one.fault.side) === port && (one.life === undefined || one.life === life),
    );
    if (awaited === undefined) return;
    this.#awaited.splice(this.#awaited.indexOf(awaited), 1);
    link.stall();
    const { holdMs, pauseMs } = awaited.fault;
    link.onFirstWrite = () => {
      this.#count(awaited.fault);
      this.#pause(life, pauseMs);
      this.#for(holdMs, () => link.resume());
      const { clock, random } = this.#parts.world;
      clock.after(holdMs - random.next() * UNDER_WAY_MS, () => this.#parts.provoke());
    };
    // a connection that is refused writes nothing
    this.#for(holdMs + pauseMs, () => link.resume());
  }

  #links(life: NodeLife, side: 'source' | 'sink'): readonly SimLink[] {
    const port = this.#parts.portOf(side);
    return this.#parts.world.links
      .filter((one) => one.port === port && one.life === life && one.link.alive)
      .map(({ link }) => link);
  }

  /** Undone after that time, or when all heals, once. */
  #for(ms: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.#parts.world.clock.after(ms, once);
  }
}
