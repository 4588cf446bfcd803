import type { Packet } from '../../../src/mqtt/protocol/packet.js';
import { SeededRandom } from '../seeded-random.js';
import type { BrokerCrash, PacketDirection } from './sim-broker.js';
import { SIM_BROKERS, type SimBrokerHabits, type SimBrokerName } from './sim-broker-habits.js';
import type { DiskFlaw } from './sim-disk.js';
import { type SimTime, simTime } from './sim-time.js';

/** Which of the two brokers: that of the source, or that of the sink. */
export type Side = 'source' | 'sink';

/** One thing that goes wrong. */
export type SimFault =
  /** The process is gone. */
  | { readonly kind: 'kill' }
  /** It is gone at its n-th socket write or commit from then on. */
  | { readonly kind: 'kill-at-io'; readonly count: number }
  /** It is asked to stop, ends and is started again. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'cut'; readonly side: Side }
  /** Nothing moves on a connection, and nobody is told. */
  | { readonly kind: 'stall'; readonly side: Side; readonly ms: number }
  /** `connackLost`: the first CONNACK afterwards does not arrive, so that a session is there which nobody knows of (R5a). */
  | {
      readonly kind: 'broker';
      readonly side: Side;
      readonly how: BrokerCrash;
      readonly downMs: number;
      readonly connackLost?: boolean;
    }
  /** The broker of one side stands still, and goes on. */
  | { readonly kind: 'freeze'; readonly side: Side; readonly ms: number }
  | { readonly kind: 'slow-disk'; readonly ms: number }
  | { readonly kind: 'failed-commit' }
  /**
   * At the n-th packet of a kind, before it arrives: the connection breaks and loses what is on its way, or the process is killed as well.
   */
  | ({ readonly kind: 'sever-at-packet' | 'kill-at-packet' } & PacketMark)
  /** At the n-th packet of a kind, before it arrives, the broker goes down. */
  | ({ readonly kind: 'broker-at-packet'; readonly how: BrokerCrash; readonly downMs: number } & PacketMark)
  /** At the n-th packet of a kind, before it arrives, the connection breaks and the broker stands still. */
  | ({ readonly kind: 'freeze-at-packet'; readonly ms: number } & PacketMark)
  /**
   * Another process takes the store and the sessions over, while this one has a CONNECT on its way: that arrives after `holdMs`, and the
   * process stands still for `pauseMs` (C3).
   */
  | { readonly kind: 'takeover'; readonly side: Side; readonly pauseMs: number; readonly holdMs: number }
  /** The process does nothing for a while. */
  | { readonly kind: 'pause'; readonly ms: number };

export type SimFaultKind = SimFault['kind'];

/** The `count`-th packet of a kind that a broker takes (`in`) or sends (`out`). */
export interface PacketMark {
  readonly side: Side;
  readonly direction: PacketDirection;
  readonly packet: Packet['type'];
  readonly count: number;
}

/** A fault and when. */
export interface PlannedFault {
  readonly atMs: number;
  readonly fault: SimFault;
}

/**
 * What the job does besides counting and copying. `async`: an asynchronous call for each message and another for each output. `letters`:
 * what cannot be processed or is refused goes to dead letters. `dedupe`: it reads at QoS 1 and tells copies by what is in them.
 */
export const SIM_KINDS = ['plain', 'async', 'letters', 'dedupe'] as const;
export type SimKind = (typeof SIM_KINDS)[number];

/** The calls of `async`. */
export interface SimCalls {
  readonly maxMs: number;
  readonly maxConcurrency: number;
}

/** What one history is. All of it comes from the seed. */
export interface SimPlan {
  readonly seed: number;
  readonly kind: SimKind;
  readonly calls: SimCalls;
  /** Undefined: nothing happens because of time. */
  readonly time: SimTime | undefined;
  readonly guarantee: 'exactly-once' | 'at-least-once';
  readonly brokers: Readonly<Record<Side, SimBrokerName>>;
  readonly habits: Readonly<Record<Side, SimBrokerHabits>>;
  readonly protocolVersion: 4 | 5;
  readonly topics: number;
  /** Of each topic. */
  readonly messages: number;
  readonly publishMs: number;
  /** Of the publisher, the subscription (but with `dedupe`) and the sink. */
  readonly qos: 1 | 2;
  /** Every other message of the publisher and of the sink is at QoS 1. */
  readonly mixed: boolean;
  /** Clients of the sink. */
  readonly parallelism: number;
  readonly maxOutboxMessages: number;
  readonly receiveMaximum: number;
  readonly maxInflight: number;
  /** How many outputs the n-th message has: `1 + n mod copies`, or none for every 5th where there is more than one. */
  readonly copies: number;
  /** The broker of the sink refuses every 7th output. */
  readonly refusals: boolean;
  /** After a job has failed by `fail`, twice, its operator chooses `redeliver`. */
  readonly onSessionLoss: 'fail' | 'redeliver' | 'drop';
  /** Faults and messages do not wait for the job to run for the first time (R6a). */
  readonly early: boolean;
  readonly diskFlaw: DiskFlaw;
  /** Another process can take the store over while its owner lives. */
  readonly fenceable: boolean;
  /** Functions throw now and then, in the middle of what they do. */
  readonly flaky: boolean;
  /** What one commit may have: with little, the outputs of one message are stored in many. */
  readonly maxCommitBytes: number;
  readonly faults: readonly PlannedFault[];
}

export type SimFamily = 'exactly-once' | 'losses' | 'at-least-once' | 'takeovers';

const EXACT_BROKERS: readonly SimBrokerName[] = ['specification', 'mosquitto', 'emqx'];
const LESSER_SOURCES: readonly SimBrokerName[] = [...EXACT_BROKERS, 'rabbitmq', 'rabbitmq'];
/** At which it shows when a message comes again under an id that is used again. */
const SHARP_BROKERS: readonly SimBrokerName[] = ['specification', 'lowestFree', 'emqx', 'mosquitto'];
const WEAK_BROKERS: readonly SimBrokerName[] = ['rabbitmq', 'mosquitto', 'specification'];

/**
 * The history of a seed. `losses`: brokers forget sessions, too. `at-least-once`: QoS 1. `takeovers`: processes take the store over (C3).
 */
export function simPlan(seed: number, family: SimFamily, random: SeededRandom): SimPlan {
  const plan = withTroubles(withKind(plainPlan(seed, family, random), KINDS[seed % KINDS.length] ?? 'plain'));
  return { ...plan, time: simTime(seed) };
}

/** So many outputs of one message do not go into one commit of a store that takes little. */
export const BURST = 150;

/** Apart from the rest: what the pipeline itself does badly, or too much of. */
function withTroubles(plan: SimPlan): SimPlan {
  const random = new SeededRandom(plan.seed + 8_000_000);
  const flaky = random.chance(0.3);
  if (!random.chance(0.1)) return { ...plan, flaky };
  const messages = Math.min(plan.messages, 3);
  // each output of a burst leads to as many calls: slow ones would take longer than a history has
  const calls = { maxMs: 5, maxConcurrency: 16 };
  return {
    ...plan,
    calls,
    flaky,
    messages,
    copies: BURST,
    refusals: false,
    maxCommitBytes: 200_000,
    maxInflight: 1000,
  };
}

/** By turns, so that each is played in any row of seeds. */
const KINDS: readonly SimKind[] = ['plain', ...SIM_KINDS];

/** The rest of a plan does not depend on its kind, but where it must. */
function withKind(plan: SimPlan, kind: SimKind): SimPlan {
  // apart from the rest, so that this takes nothing from what follows it there
  const random = new SeededRandom(plan.seed + 7_000_000);
  const calls = { maxMs: random.pick([5, 50, 300]), maxConcurrency: random.pick([1, 3, 16]) };
  if (kind !== 'dedupe') return { ...plan, kind, calls };
  const source = plan.guarantee === 'exactly-once' ? random.pick(LESSER_SOURCES) : plan.brokers.source;
  return {
    ...plan,
    kind,
    calls,
    brokers: { ...plan.brokers, source },
    habits: { ...plan.habits, source: SIM_BROKERS[source] },
    faults: plan.faults.map(({ atMs, fault }) => ({ atMs, fault: atLesserSource(fault) })),
  };
}

/** The packets of QoS 2 do not pass at a source that reads at QoS 1. */
function atLesserSource(fault: SimFault): SimFault {
  if (!('packet' in fault) || fault.side !== 'source') return fault;
  if (fault.packet === 'pubrel') return { ...fault, packet: 'publish' };
  if (fault.packet === 'pubrec' || fault.packet === 'pubcomp') return { ...fault, packet: 'puback' };
  return fault;
}

function plainPlan(seed: number, family: SimFamily, random: SeededRandom): SimPlan {
  const weak = family === 'at-least-once';
  const names = family === 'takeovers' ? SHARP_BROKERS : weak ? WEAK_BROKERS : EXACT_BROKERS;
  const brokers = { source: random.pick(names), sink: random.pick(names) };
  const mixed = weak && brokers.sink !== 'rabbitmq' && random.chance(0.5);
  const publishMs = random.pick([200, 1000, 3000]);
  return {
    seed,
    kind: 'plain',
    calls: { maxMs: 0, maxConcurrency: 1 },
    time: undefined,
    guarantee: weak ? 'at-least-once' : 'exactly-once',
    brokers,
    habits: { source: SIM_BROKERS[brokers.source], sink: SIM_BROKERS[brokers.sink] },
    protocolVersion: random.chance(family === 'takeovers' ? 0.5 : 0.8) || family === 'losses' ? 5 : 4,
    topics: 1 + random.below(2),
    messages: 2 + random.below(7),
    publishMs,
    qos: weak && !mixed ? 1 : 2,
    mixed,
    parallelism: random.pick([1, 1, 2]),
    maxOutboxMessages: random.pick([2, 10, 1000]),
    receiveMaximum: random.pick([1, 3, 20, 1000]),
    maxInflight: random.pick([1, 2, 10, 1000]),
    copies: random.pick([1, 1, 3]),
    refusals: random.chance(0.15),
    onSessionLoss: family === 'losses' ? random.pick(['redeliver', 'drop', 'fail'] as const) : 'fail',
    early: random.chance(0.25) && family !== 'takeovers',
    diskFlaw: 'none',
    fenceable: family === 'takeovers',
    flaky: false,
    maxCommitBytes: 1_000_000,
    faults: faultsOf(random, family, publishMs),
  };
}

function faultsOf(random: SeededRandom, family: SimFamily, publishMs: number): readonly PlannedFault[] {
  const count = random.below(7);
  const faults = Array.from({ length: count }, () => ({
    atMs: random.next() * publishMs * 1.3,
    fault: troubleOf(random, family),
  }));
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function troubleOf(random: SeededRandom, family: SimFamily): SimFault {
  if (family === 'losses' && random.chance(0.3)) return lossOf(random);
  if (family === 'takeovers' && random.chance(0.5)) return takeoverOf(random);
  return faultOf(random, family);
}

/** Who goes on just when its CONNECT arrives does not know yet that it was taken over. */
function takeoverOf(random: SeededRandom): SimFault {
  const holdMs = random.pick([1, 20, 100, 500, 1500]);
  const pauseMs = random.chance(0.7) ? holdMs + random.next() * 20 : random.pick([0, 5, 1000, 5000]);
  return { kind: 'takeover', side: sideOf(random), pauseMs, holdMs };
}

const sideOf = (random: SeededRandom): Side => random.pick(['source', 'sink']);

const lossOf = (random: SeededRandom): SimFault => ({
  kind: 'broker',
  side: sideOf(random),
  how: 'forget',
  downMs: random.next() * 300,
  connackLost: random.chance(0.4),
});

function faultOf(random: SeededRandom, family: SimFamily): SimFault {
  switch (random.below(14)) {
    case 0:
    case 1:
      return { kind: 'kill' };
    case 2:
    case 3:
    case 4:
      return { kind: 'kill-at-io', count: 1 + random.below(30) };
    case 5:
    case 6:
      return { kind: 'cut', side: sideOf(random) };
    case 10:
    case 11:
    case 12:
    case 13:
      return packetFaultOf(random, family);
    case 7:
      return { kind: 'broker', side: sideOf(random), how: 'restart', downMs: random.next() * 500 };
    case 8:
      return random.pick<SimFault>([
        { kind: 'slow-disk', ms: 500 },
        { kind: 'failed-commit' },
        { kind: 'pause', ms: 50 + random.below(8000) },
      ]);
    default:
      return random.pick<SimFault>([
        { kind: 'stop' },
        { kind: 'stall', side: sideOf(random), ms: random.pick([20, 500, 20_000]) },
      ]);
  }
}

type Passing = readonly [Side, PacketDirection, Packet['type']];

const QOS_2_PASSING: readonly Passing[] = [
  ['source', 'out', 'publish'],
  ['source', 'in', 'pubrec'],
  ['source', 'out', 'pubrel'],
  ['source', 'in', 'pubcomp'],
  ['sink', 'in', 'publish'],
  ['sink', 'out', 'pubrec'],
  ['sink', 'in', 'pubrel'],
  ['sink', 'out', 'pubcomp'],
];

const QOS_1_PASSING: readonly Passing[] = [
  ['source', 'out', 'publish'],
  ['source', 'in', 'puback'],
  ['sink', 'in', 'publish'],
  ['sink', 'out', 'puback'],
];

/** These pass only when there is a new connection. */
const CONNECT_PASSING: readonly Passing[] = [
  ['source', 'in', 'connect'],
  ['source', 'out', 'connack'],
  ['source', 'in', 'unsubscribe'],
  ['source', 'out', 'unsuback'],
  ['sink', 'in', 'connect'],
  ['sink', 'out', 'connack'],
  ['sink', 'in', 'unsubscribe'],
  ['sink', 'out', 'unsuback'],
];

function packetFaultOf(random: SeededRandom, family: SimFamily): SimFault {
  const connecting = random.chance(0.2);
  const kind = random.pick(['sever-at-packet', 'kill-at-packet'] as const);
  const passing = family === 'at-least-once' ? QOS_1_PASSING : QOS_2_PASSING;
  const [side, direction, packet] = random.pick(connecting ? CONNECT_PASSING : passing);
  return { kind, side, direction, packet, count: connecting ? 1 : 1 + random.below(6) };
}
