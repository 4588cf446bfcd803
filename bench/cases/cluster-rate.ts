import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { NatsCluster } from '../../test/support/nats/nats-cluster.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { until } from '../../test/support/until.js';
import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import { startBenchNats } from '../support/bench-nats.js';
import type { BenchOptions } from '../support/bench-options.js';
import { BenchNode } from '../support/cluster/bench-node.js';
import type { NodeFigures } from '../support/cluster/node-task.js';
import { compare } from '../support/compare.js';
import { cpuMicrosOf } from '../support/cpu-of.js';
import { RawPublisher } from '../support/raw-publisher.js';
import {
  type Column,
  type Comparison,
  cpuPerMessage,
  figureColumn,
  RATE,
  ratePerSecond,
  ratioColumn,
} from '../support/result.js';
import type { Measured } from '../support/run-contender.js';

/**
 * By the broker's window: with the stock one a message takes ten times as long. mosquitto 2.0.11 gives packet ids twice in a session that has
 * more than there are.
 */
const BACKLOG = { 20: 8_000, 1000: 50_000 };
/** For each node, before what counts: little is compiled yet. */
const WARM_UP = { 20: 2_000, 1000: 8_000 };
interface Contender {
  readonly contender: string;
  /** As many nodes, one for each; 0: one process with a store on disk. */
  readonly partitions: number;
}

const ALONE: Contender = { contender: 'one process', partitions: 0 };
const ONE: Contender = { contender: 'cluster, 1 partition', partitions: 1 };
const MORE: readonly Contender[] = [
  { contender: 'cluster, 2 partitions on 2 nodes', partitions: 2 },
  { contender: 'cluster, 4 partitions on 4 nodes', partitions: 4 },
];

/**
 * Exactly once, from a backlog that broker A keeps to broker B: the time from the first message to the last that broker B has confirmed. Three
 * NATS servers flush each write before they acknowledge it; they, both brokers and all nodes share the machine.
 */
export async function clusterRateCase(window: 20 | 1000, options: BenchOptions): Promise<Comparison> {
  await using cluster = await startBenchNats();
  const contenders = window === 20 ? [ALONE, ONE] : [ALONE, ONE, ...MORE];
  let jobs = 0;
  const entries = contenders.map(({ contender, partitions }) => ({
    contender,
    measure: () => {
      jobs += 1;
      return measureOne({ cluster, job: `bench-${jobs}`, partitions, window, scale: options.scale });
    },
  }));
  const name = window === 20 ? 'stock window (20)' : 'window 1000';
  const comparison = await compare(`Exactly once on a cluster, QoS 2, ${name}`, entries, {
    rounds: options.rounds,
    by: ({ wallMs }) => wallMs,
  });
  const [alone, one] = comparison.rows;
  return {
    ...comparison,
    columns: [
      RATE,
      ratioColumn('of one process', alone, ratePerSecond),
      ratioColumn('of 1 partition', one, ratePerSecond),
      ...MORE_COLUMNS,
    ],
  };
}

interface Task {
  readonly cluster: NatsCluster;
  readonly job: string;
  readonly partitions: number;
  readonly window: 20 | 1000;
  /** Factor on the number of messages. */
  readonly scale: number;
}

async function measureOne({ cluster, job, partitions, window, scale }: Task): Promise<Measured> {
  const [from, to] = [await startBenchMosquitto(window), await startBenchMosquitto(window === 20 ? 20 : 0)];
  const dir = tempDir('bench-cluster');
  const brokers = [from.pid, to.pid];
  const servers = partitions === 0 ? [] : cluster.servers.map(({ pid }) => pid);
  const nodes = Array.from(
    { length: Math.max(1, partitions) },
    (_, index) =>
      new BenchNode({
        node: `n${index}`,
        servers: partitions === 0 ? undefined : cluster.urls,
        dir: join(dir, `n${index}`),
        job,
        partitions: Math.max(1, partitions),
        standbys: 0,
        work: { kind: 'bridge', from: from.url, to: to.url },
      }),
  );
  try {
    await Promise.all(nodes.map((node) => node.start()));
    // one has a part, and its session is there; from now on the broker keeps what comes
    if (partitions > 1) await until(() => nodes.every((node) => node.partitions.size === 1), { what: 'one each' });
    const drained = (messages: number) =>
      drain({ nodes, from: from.url, messages: Math.round(messages * scale), others: { servers, brokers } });
    await drained(WARM_UP[window] * nodes.length);
    return await drained(BACKLOG[window]);
  } finally {
    await Promise.all(nodes.map((node) => node.handOver()));
    await Promise.all([from.stop(), to.stop()]);
  }
}

/** What else has to do with each message, by process ids. */
interface Others {
  readonly servers: readonly number[];
  readonly brokers: readonly number[];
}

interface Drain {
  readonly nodes: readonly BenchNode[];
  readonly from: string;
  readonly messages: number;
  readonly others: Others;
}

/** Lets the broker keep so many messages while the job is suspended, and measures what comes then. */
async function drain({ nodes, from, messages, others }: Drain): Promise<Measured> {
  await nodes[0]?.ask('suspend');
  const publisher = await RawPublisher.open(from, 'bench-backlog', 2, 20);
  await publisher.publish(messages);
  publisher.close();
  await Promise.all(nodes.map((node) => node.ask('forget')));
  const [before, othersBefore] = [await figuresOf(nodes), cpuOf(others)];
  await nodes[0]?.ask('resume');
  const share = Math.ceil(messages / nodes.length);
  const after = await Promise.all(nodes.map((node) => node.figures({ through: share })));
  const endedAtMs = Math.max(...after.map(({ atMs }) => atMs));
  const grown = (of: (figures: NodeFigures) => number): number => sum(after, of) - sum(before, of);
  const commits = grown((one) => one.commits);
  const othersAfter = cpuOf(others);
  const serverMicros = othersAfter.servers - othersBefore.servers;
  const brokerMicros = othersAfter.brokers - othersBefore.brokers;
  const wallMs = endedAtMs - Math.min(...after.map(({ first }) => first?.atMs ?? endedAtMs));
  const cpuMicros = sum(after, (one) => one.cpuMicros - (one.first?.cpuMicros ?? one.cpuMicros));
  return {
    messages,
    wallMs,
    cpuMicros,
    maxRssBytes: Math.max(...after.map((one) => one.maxRssBytes)),
    figures: {
      messagesPerCommit: messages / commits,
      commitMs: (grown((one) => one.commitSeconds) * 1000) / commits,
      brokerMicros: brokerMicros / messages,
      ...(others.servers.length > 0 && { serverMicros: serverMicros / messages }),
      cores: (cpuMicros + serverMicros + brokerMicros) / 1000 / wallMs,
    },
  };
}

/** In microseconds, so far. */
const cpuOf = ({ servers, brokers }: Others): { readonly servers: number; readonly brokers: number } => ({
  servers: sum(servers, cpuMicrosOf),
  brokers: sum(brokers, cpuMicrosOf),
});

const figuresOf = (nodes: readonly BenchNode[]): Promise<readonly NodeFigures[]> =>
  Promise.all(nodes.map((node) => node.figures()));

const sum = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((total, value) => total + of(value), 0);

const MORE_COLUMNS: readonly Column[] = [
  figureColumn('messages/commit', 'messagesPerCommit', 0),
  figureColumn('ms/commit', 'commitMs', 1),
  { heading: 'CPU µs/message, nodes', cell: ({ measured: one }) => cpuPerMessage(one).toFixed(1) },
  figureColumn('… NATS servers', 'serverMicros', 1),
  figureColumn('… brokers', 'brokerMicros', 1),
  figureColumn(`cores in use by all of them, of ${availableParallelism()}`, 'cores', 2),
];
