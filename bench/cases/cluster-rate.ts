import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsCluster } from '../../test/support/nats/nats-cluster.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { until } from '../../test/support/until.js';
import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import { startBenchNats } from '../support/bench-nats.js';
import type { BenchOptions } from '../support/bench-options.js';
import { BenchNode } from '../support/cluster/bench-node.js';
import { cpuMicrosOf } from '../support/cluster/cpu-of.js';
import type { NodeFigures } from '../support/cluster/node-task.js';
import { compare } from '../support/compare.js';
import { RawPublisher } from '../support/raw-publisher.js';
import {
  type Column,
  type Comparison,
  cpuPerMessage,
  figureColumn,
  type Row,
  ratePerSecond,
} from '../support/result.js';
import type { Measured } from '../support/run-contender.js';

const BACKLOG = 60_000;
const LOOK_MS = 10;

interface Contender {
  readonly contender: string;
  /** As many nodes, one for each; 0: one process with a store on disk. */
  readonly partitions: number;
}

const ALONE: Contender = { contender: 'one process, LMDB', partitions: 0 };
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
  await using servers = await startBenchNats();
  const contenders = window === 20 ? [ALONE, ONE] : [ALONE, ONE, ...MORE];
  let jobs = 0;
  const entries = contenders.map(({ contender, partitions }) => ({
    contender,
    measure: () => {
      jobs += 1;
      return drain({
        servers,
        job: `bench-${jobs}`,
        partitions,
        window,
        messages: Math.round(BACKLOG * options.scale),
      });
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
    columns: [RATE, ratioTo('of one process', alone), ratioTo('of 1 partition', one), ...MORE_COLUMNS],
  };
}

interface Task {
  readonly servers: NatsCluster;
  readonly job: string;
  readonly partitions: number;
  readonly window: 20 | 1000;
  readonly messages: number;
}

async function drain(task: Task): Promise<Measured> {
  const { servers, job, partitions, window, messages } = task;
  const [from, to] = [await startBenchMosquitto(window), await startBenchMosquitto(window === 20 ? 20 : 0)];
  const dir = tempDir('bench-cluster');
  const nodes = Array.from(
    { length: Math.max(1, partitions) },
    (_, index) =>
      new BenchNode({
        node: `n${index}`,
        servers: partitions === 0 ? undefined : servers.urls,
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
    await nodes[0]?.ask('suspend');
    const publisher = await RawPublisher.open(from.url, 'bench-backlog', 2, 20);
    await publisher.publish(messages);
    publisher.close();
    return await measured(nodes, task);
  } finally {
    await Promise.all(nodes.map((node) => node.handOver()));
    await Promise.all([from.stop(), to.stop()]);
  }
}

async function measured(nodes: readonly BenchNode[], { servers, partitions, messages }: Task): Promise<Measured> {
  const serverCpu = () => sum(servers.servers, ({ pid }) => cpuMicrosOf(pid));
  const [before, serversBefore] = [await figuresOf(nodes), serverCpu()];
  await nodes[0]?.ask('resume');
  let after = await figuresOf(nodes);
  while (sum(after, acknowledged) < messages || sum(after, ({ waiting }) => waiting) > 0) {
    await sleep(LOOK_MS);
    for (const node of nodes) node.mustBeUndisturbed();
    after = await figuresOf(nodes);
  }
  const endedAtMs = Date.now();
  const commits = sum(after, (one) => one.commits) - sum(before, (one) => one.commits);
  const seconds = sum(after, (one) => one.commitSeconds) - sum(before, (one) => one.commitSeconds);
  return {
    messages,
    wallMs: endedAtMs - Math.min(...after.map(({ firstAtMs }) => firstAtMs ?? endedAtMs)),
    cpuMicros: sum(after, (one) => one.cpuMicros) - sum(before, (one) => one.cpuMicros),
    maxRssBytes: Math.max(...after.map((one) => one.maxRssBytes)),
    figures: {
      messagesPerCommit: messages / commits,
      commitMs: (seconds * 1000) / commits,
      ...(partitions > 0 && { serverMicros: (serverCpu() - serversBefore) / messages }),
    },
  };
}

const figuresOf = (nodes: readonly BenchNode[]): Promise<readonly NodeFigures[]> =>
  Promise.all(nodes.map((node) => node.figures()));

const acknowledged = (figures: NodeFigures): number => figures.acknowledged;

const sum = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((total, value) => total + of(value), 0);

const RATE: Column = {
  heading: 'messages/s',
  cell: ({ measured: one }) => Math.round(ratePerSecond(one)).toLocaleString('en-US'),
};

const ratioTo = (heading: string, row: Row | undefined): Column => ({
  heading,
  cell: (one) =>
    row === undefined || one === row
      ? ''
      : `${(ratePerSecond(one.measured) / ratePerSecond(row.measured)).toFixed(2)} ×`,
});

const MORE_COLUMNS: readonly Column[] = [
  figureColumn('messages/commit', 'messagesPerCommit', 0),
  figureColumn('ms/commit', 'commitMs', 1),
  { heading: 'CPU µs/message, nodes', cell: ({ measured: one }) => cpuPerMessage(one).toFixed(1) },
  figureColumn('NATS servers', 'serverMicros', 1),
];
