import type { SeededRandom } from '../../seeded-random.js';
import { SIM_BROKERS, type SimBrokerName } from '../../sim/sim-broker-habits.js';
import type { LinkDirection } from '../../sim/sim-link.js';
import type { Cut } from './sim-line.js';

/** One thing that goes wrong, or changes. Nodes and partitions by their numbers. */
export type ClusterFault =
  /** The process stands still, and goes on. */
  | { readonly kind: 'pause'; readonly node: number; readonly ms: number }
  /** It is gone, at once or at its n-th write, and comes again; perhaps on a machine with an empty disk. */
  | {
      readonly kind: 'kill';
      readonly node: number;
      readonly atWrite: number;
      readonly downMs: number;
      readonly diskLost: boolean;
      /** Messages come in that moment. */
      readonly provokes?: true;
    }
  /** It stands still when it is given its next claim, before it takes the log: until another node may have it. */
  | { readonly kind: 'late-claim'; readonly node: number; readonly ms: number }
  /** It gives all back and ends, and comes again. */
  | { readonly kind: 'leave'; readonly node: number; readonly downMs: number }
  /** Its way to the claims, to the logs or to both. */
  | {
      readonly kind: 'cut';
      readonly node: number;
      readonly from: 'bucket' | 'logs' | 'both';
      readonly way: Cut;
      readonly ms: number;
    }
  /** Its ways to claims and logs lose and delay. */
  | {
      readonly kind: 'trouble';
      readonly node: number;
      readonly lost: number;
      readonly late: number;
      readonly ms: number;
    }
  /** A log has no leader. */
  | { readonly kind: 'election'; readonly partition: number; readonly ms: number }
  /** Who reads a log does not see its last records. */
  | { readonly kind: 'lag'; readonly partition: number; readonly records: number; readonly ms: number }
  /** Its connections to a broker break. */
  | { readonly kind: 'sever'; readonly node: number; readonly side: 'source' | 'sink' }
  /** Nothing moves between it and a broker, in a direction or both. */
  | {
      readonly kind: 'stall';
      readonly node: number;
      readonly side: 'source' | 'sink';
      readonly way: LinkDirection;
      readonly ms: number;
    }
  /** A broker ends in order, with all it has, and comes again. */
  | { readonly kind: 'broker'; readonly side: 'source' | 'sink'; readonly downMs: number }
  /**
   * Its next CONNECT is held, and it stands still meanwhile: for longer than its lease, so that another node has the partition when it
   * arrives.
   */
  | ({ readonly kind: 'hold'; readonly node: number } & Hold)
  /** As `hold`, of whichever node connects next, when the connections of all are broken. */
  | ({ readonly kind: 'hold-next' } & Hold);

export interface Hold {
  readonly side: 'source' | 'sink';
  readonly holdMs: number;
  readonly pauseMs: number;
}

/** How long it takes until it is undone. */
export const lastingMs = (fault: ClusterFault): number => {
  if ('pauseMs' in fault) return Math.max(fault.holdMs, fault.pauseMs);
  return 'ms' in fault ? fault.ms : 0;
};

export interface PlannedClusterFault {
  readonly atMs: number;
  readonly fault: ClusterFault;
}

/** What one schedule is. All of it comes from the seed. */
export interface Schedule {
  readonly seed: number;
  readonly nodes: number;
  /** Nodes that join when the others run, by when. */
  readonly joinMs: number | undefined;
  readonly partitions: number;
  readonly standbys: number;
  readonly leaseMs: number;
  readonly snapshotBytes: number;
  /** The longest way to claims and logs. */
  readonly delayMs: number;
  readonly viewMs: number;
  readonly brokers: { readonly source: SimBrokerName; readonly sink: SimBrokerName };
  /** Of each partition. */
  readonly messages: number;
  readonly publishMs: number;
  readonly faults: readonly PlannedClusterFault[];
}

export const LEASE_MS = 1000;
const MOST_NODES = 3;
const SOURCES: readonly SimBrokerName[] = ['specification', 'lowestFree'];
const SINKS: readonly SimBrokerName[] = ['specification', 'mosquitto', 'emqx'];

export function scheduleOf(seed: number, random: SeededRandom): Schedule {
  const nodes = 2 + random.below(MOST_NODES - 1);
  const partitions = 1 + random.below(2);
  const publishMs = random.pick([100, 500, 1500]);
  const faults = Array.from({ length: 1 + random.below(5) }, () => {
    const fault = faultOf(random, nodes, partitions);
    const atMs = random.next() * publishMs * 1.2;
    // the first claims are the ones that come for certain
    return { atMs: fault.kind === 'late-claim' && random.chance(0.5) ? 0 : atMs, fault };
  });
  return {
    seed,
    nodes,
    joinMs: random.chance(0.3) ? random.next() * publishMs : undefined,
    partitions,
    standbys: random.chance(0.25) ? 1 : 0,
    leaseMs: LEASE_MS,
    snapshotBytes: random.pick([300, 1500, 1_000_000]),
    delayMs: random.pick([2, 10, 40]),
    viewMs: random.pick([1, 20, 300]),
    brokers: { source: random.pick(SOURCES), sink: random.pick(SINKS) },
    messages: 1 + random.below(8),
    publishMs,
    faults: faults.sort((a, b) => a.atMs - b.atMs),
  };
}

function faultOf(random: SeededRandom, nodes: number, partitions: number): ClusterFault {
  const node = random.below(nodes);
  const partition = random.below(partitions);
  const side = random.pick(['source', 'sink'] as const);
  // about as often shorter than a lease as longer
  const ms = random.pick([0.1, 0.5, 0.95, 1.3, 2]) * LEASE_MS * (0.8 + 0.4 * random.next());
  switch (random.below(14)) {
    case 0:
    case 1:
      return { kind: 'pause', node, ms };
    case 2:
      return { kind: 'kill', node, atWrite: 0, downMs: ms / 2, diskLost: random.chance(0.3) };
    case 3:
      return { kind: 'kill', node, atWrite: 1 + random.below(20), downMs: ms / 2, diskLost: random.chance(0.3) };
    case 4:
      return { kind: 'leave', node, downMs: ms / 2 };
    case 5:
    case 6: {
      const from = random.pick(['bucket', 'logs', 'both'] as const);
      return { kind: 'cut', node, from, way: random.pick(['there', 'back', 'both'] as const), ms };
    }
    case 7:
      return { kind: 'trouble', node, lost: random.next() * 0.3, late: random.next() * 0.3, ms };
    case 8:
      return { kind: 'election', partition, ms };
    case 9:
      return random.chance(0.5)
        ? { kind: 'lag', partition, records: 1 + random.below(4), ms }
        : { kind: 'stall', node, side, way: random.pick(['up', 'down', 'both'] as const), ms };
    case 10:
      return { kind: 'sever', node, side };
    case 11:
      return { kind: 'late-claim', node, ms: random.pick([0.5, 1.3, 2.2]) * LEASE_MS };
    case 12:
      return { kind: 'broker', side, downMs: ms / 2 };
    default:
      return random.chance(0.5) ? { kind: 'hold', node, ...holdOf(random) } : { kind: 'hold-next', ...holdOf(random) };
  }
}

/** Who goes on just when its CONNECT arrives does not know yet that it was taken over. */
export function holdOf(random: SeededRandom): Hold {
  const pauseMs = random.pick([1.2, 1.6, 2.4]) * LEASE_MS;
  return { side: random.pick(['source', 'sink']), pauseMs, holdMs: pauseMs + (random.next() - 0.8) * 300 };
}

export const habitsOf = ({ brokers }: Schedule) => ({
  source: SIM_BROKERS[brokers.source],
  sink: SIM_BROKERS[brokers.sink],
});
