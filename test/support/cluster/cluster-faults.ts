import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { streamName } from '../../../src/store/jetstream/names.js';
import type { NatsProcess } from '../nats/nats-process.js';
import type { SeededRandom } from '../seeded-random.js';
import { until } from '../until.js';
import type { ClusterJobSpec } from './cluster-jobs.js';
import type { CutHow } from './cluster-network.js';
import type { ClusterNode } from './cluster-node.js';
import { type ClusterRig, LEASE_MS } from './cluster-rig.js';

/** Something that goes wrong, and ends with all nodes and servers running. Rejects where it did not happen. */
export interface ClusterFault {
  readonly what: string;
  readonly strike: (rig: ClusterRig, job: ClusterJobSpec, random: SeededRandom) => Promise<void>;
}

/** Who is struck. */
interface Struck {
  readonly job: ClusterJobSpec;
  readonly partition: number;
  readonly stream: string;
  /** It has the partition. */
  readonly node?: ClusterNode;
  /** It leads the partition's log. */
  readonly leader?: NatsProcess;
  readonly follower?: NatsProcess;
}

type Victim = ClusterNode | NatsProcess;
type Choose = (rig: ClusterRig, place: Omit<Struck, 'node' | 'leader' | 'follower'>) => Promise<Struck>;
type How = (rig: ClusterRig, struck: Struck) => Promise<void>;

const WHO: Readonly<Record<string, Choose>> = {
  'the node that has a partition': async (rig, place) => ({
    ...place,
    node: await rig.owner(place.job, place.partition),
  }),
  'the server that leads a log': async (rig, place) => ({
    ...place,
    leader: await rig.servers.leaderOf(place.stream),
  }),
  'a server that follows it': async (rig, place) => ({
    ...place,
    follower: await rig.servers.followerOf(place.stream),
  }),
  'that node and the server that leads': async (rig, place) => ({
    ...place,
    node: await rig.owner(place.job, place.partition),
    leader: await rig.servers.leaderOf(place.stream),
  }),
};

const victimsOf = ({ node, leader, follower }: Struck): readonly Victim[] =>
  [node, leader, follower].filter((victim) => victim !== undefined);

/** Others have taken over from whoever does not answer. Where there is nothing to take over, as long as that would take. */
const takenOver = async (rig: ClusterRig, { job, partition, stream, node, leader }: Struck): Promise<void> => {
  if (leader !== undefined) await rig.servers.movedFrom(leader, stream);
  if (node !== undefined) await rig.movedFrom(node, job, partition);
  if (leader === undefined && node === undefined) await sleep(LEASE_MS);
};

const startAgain = async (rig: ClusterRig, victims: readonly Victim[]): Promise<void> => {
  for (const victim of victims) await victim.start();
  await rig.servers.ready();
};

const PROCESS: Readonly<Record<string, How>> = {
  'is killed (SIGKILL)': async (rig, struck) => {
    const victims = victimsOf(struck);
    const exits = await Promise.all(victims.map((victim) => victim.kill()));
    for (const { signal } of exits) assert.equal(signal, 'SIGKILL');
    await takenOver(rig, struck);
    await startAgain(rig, victims);
  },
  'is ended in order (SIGTERM)': async (rig, struck) => {
    const victims = victimsOf(struck);
    const exits = await Promise.all(victims.map((victim) => victim.stop()));
    for (const { code, signal } of exits) assert.ok(code !== null || signal !== null);
    await takenOver(rig, struck);
    await startAgain(rig, victims);
  },
  'stands still (SIGSTOP) for longer than a lease': async (rig, struck) => {
    const victims = victimsOf(struck);
    for (const victim of victims) victim.suspend();
    await takenOver(rig, struck);
    for (const victim of victims) victim.resume();
    const { node, job, partition } = struck;
    if (node !== undefined) await until(() => !node.has(partition, job.name), { what: 'word that it was lost' });
  },
  'stands still (SIGSTOP) for less than a lease': async (_rig, struck) => {
    const victims = victimsOf(struck);
    for (const victim of victims) victim.suspend();
    await sleep(LEASE_MS / 3);
    for (const victim of victims) victim.resume();
  },
};

const CUTS: readonly CutHow[] = ['reset', 'black hole', 'nothing comes in', 'nothing goes out'];
const CUT_TITLES: Readonly<Record<CutHow, string>> = {
  reset: 'is cut off, its connections are reset',
  'black hole': 'is in a black hole',
  'nothing comes in': 'hears nothing, and is heard',
  'nothing goes out': 'hears all, and is not heard',
};

type IsPeer = (name: string) => boolean;
const isBroker: IsPeer = (name) => name === 'from' || name === 'to';

interface Cutting {
  readonly how: CutHow;
  readonly isPeer: IsPeer;
  /** How long it lasts. */
  readonly over: How;
}

/** Both at once, where two are struck. */
const cutOff = async (rig: ClusterRig, struck: Struck, { how, isPeer, over }: Cutting): Promise<void> => {
  const cuts = victimsOf(struck).map(({ name }) => rig.network.cut(name, how, isPeer));
  try {
    await until(() => cuts.every(({ fired }) => fired), { what: `a cut that hits: ${how}` });
    await over(rig, struck);
  } finally {
    for (const cut of cuts) cut.heal();
  }
};

/** The broker keeps the session, and the node its partition: it has noticed when it tries again. */
const triedAgain = async ({ network }: ClusterRig, { node }: Struck, how: CutHow): Promise<void> => {
  const name = node?.name ?? '';
  const before = network.connections(name, isBroker);
  if (how === 'reset') await sleep(LEASE_MS);
  else await until(() => network.connections(name, isBroker) > before, { what: `${name} to connect again` });
};

const fault = (who: string, what: string, how: How): ClusterFault => ({
  what: `${who} ${what}`,
  strike: async (rig, job, random) => {
    const partition = random.below(job.partitions);
    const place = { job, partition, stream: streamName(job.name, partition) };
    const struck = await WHO[who]?.(rig, place);
    if (struck !== undefined) await how(rig, struck);
  },
});

const NODE = 'the node that has a partition';

const cutsOf = (who: string): readonly ClusterFault[] => [
  ...CUTS.map((how) =>
    fault(who, `${CUT_TITLES[how]}, for longer than a lease`, (rig, struck) =>
      cutOff(rig, struck, { how, isPeer: () => true, over: takenOver }),
    ),
  ),
  fault(who, `${CUT_TITLES['black hole']} for less than a lease`, (rig, struck) =>
    cutOff(rig, struck, { how: 'black hole', isPeer: () => true, over: () => sleep(LEASE_MS / 3) }),
  ),
];

/** From the servers alone its sessions go on while another takes them over; from the brokers alone it keeps its partition. */
const partialCuts: readonly ClusterFault[] = CUTS.flatMap((how) => [
  fault(NODE, `${CUT_TITLES[how]}, by the servers alone, for longer than a lease`, (rig, struck) =>
    cutOff(rig, struck, { how, isPeer: (name) => !isBroker(name), over: takenOver }),
  ),
  fault(NODE, `${CUT_TITLES[how]}, by the brokers alone`, (rig, struck) =>
    cutOff(rig, struck, { how, isPeer: isBroker, over: () => triedAgain(rig, struck, how) }),
  ),
]);

/** Each begins and ends with all nodes and servers running. */
export const CLUSTER_FAULTS: readonly ClusterFault[] = [
  ...Object.keys(WHO).flatMap((who) => Object.entries(PROCESS).map(([what, how]) => fault(who, what, how))),
  ...Object.keys(WHO).flatMap(cutsOf),
  ...partialCuts,
];

/** So many of what happens to the process of a node, in turn. */
export function nodeFaults(count: number): readonly ClusterFault[] {
  const faults = Object.entries(PROCESS).map(([what, how]) => fault('the node that has a partition', what, how));
  return Array.from({ length: Math.ceil(count / faults.length) }, () => faults)
    .flat()
    .slice(0, count);
}

/** So many of them in an order that is drawn, each as often as the others, or once more. */
export function drawFaults(random: SeededRandom, count: number): readonly ClusterFault[] {
  const drawn: ClusterFault[] = [];
  let deck: readonly ClusterFault[] = [];
  while (drawn.length < count) {
    if (deck.length === 0) deck = CLUSTER_FAULTS;
    const fault = random.pick(deck);
    drawn.push(fault);
    deck = deck.filter((other) => other !== fault);
  }
  return drawn;
}
