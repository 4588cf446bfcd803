import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectJob } from '../../src/cluster/engine/inspect-job.js';
import type { NatsCluster } from '../../test/support/nats/nats-cluster.js';
import { tempDir } from '../../test/support/temp-dir.js';
import { until } from '../../test/support/until.js';
import { startBenchNats } from '../support/bench-nats.js';
import type { BenchOptions } from '../support/bench-options.js';
import { type Arrival, BenchNode } from '../support/cluster/bench-node.js';
import { compare } from '../support/compare.js';
import { type Comparison, figureColumn, type Row } from '../support/result.js';
import type { Measured } from '../support/run-contender.js';

const KEYS = 1_000_000;
const STATE_CHARS = 100;
const LOOK_MS = 100;

interface Nodes {
  readonly servers: NatsCluster;
  readonly job: string;
  readonly keys: number;
}

/** Gives how the partition came to its next owner. */
type Move = (nodes: Nodes) => Promise<Arrival>;

/** A partition with a million keys comes to another node: how long that takes to have its state. */
export async function clusterRestoreCase(options: BenchOptions): Promise<Comparison> {
  await using servers = await startBenchNats();
  const keys = Math.round(KEYS * options.scale);
  let jobs = 0;
  const entries = MOVES.map(([contender, move]) => ({
    contender,
    measure: () => {
      jobs += 1;
      return measured(move, { servers, job: `restore-${jobs}`, keys });
    },
  }));
  const name = `State of ${keys.toLocaleString('en-US')} keys of ${STATE_CHARS} bytes at another node`;
  const comparison = await compare(name, entries, {
    rounds: options.rounds,
    by: ({ figures }) => figures?.restoreMs ?? 0,
  });
  return { ...comparison, columns: COLUMNS };
}

const COLUMNS = [
  { heading: 'from', cell: ({ measured: { figures } }: Row) => FROM[figures?.from ?? -1] ?? '' },
  figureColumn('ms until it has the state', 'restoreMs', 0),
];

const FROM = ['view', 'snapshot', 'log'];

const MOVES: readonly (readonly [string, Move])[] = [
  ['a node that has nothing', toNobody],
  ['the same node, started again after kill -9', toItself],
  ['a standby, after kill -9 of the owner', toStandby],
];

async function measured(move: Move, nodes: Nodes): Promise<Measured> {
  const startedAt = performance.now();
  const { restoreMs, from } = await move(nodes);
  const figures = { restoreMs, from: FROM.indexOf(from) };
  return { messages: nodes.keys, wallMs: performance.now() - startedAt, cpuMicros: 0, maxRssBytes: 0, figures };
}

async function toNobody(nodes: Nodes): Promise<Arrival> {
  const owner = await filled(nodes, 0);
  await owner.handOver();
  const next = nodeOf('b', nodes, 0);
  return arrivalAt(next, [owner, next]);
}

async function toItself(nodes: Nodes): Promise<Arrival> {
  const owner = await filled(nodes, 0);
  await owner.kill();
  return arrivalAt(owner, [owner]);
}

async function toStandby(nodes: Nodes): Promise<Arrival> {
  const owner = await filled(nodes, 1);
  const standby = nodeOf('b', nodes, 1);
  await standby.start();
  await until(() => isWarm(nodes, 'b'), { intervalMs: LOOK_MS, what: 'a warm standby' });
  await owner.kill();
  const arrival = await until(() => standby.partitions.get(0), { what: 'the partition at its standby' });
  await standby.kill();
  return arrival;
}

async function arrivalAt(node: BenchNode, all: readonly BenchNode[]): Promise<Arrival> {
  await node.start();
  const arrival = await until(() => node.partitions.get(0), { what: `the partition at ${node.name}` });
  await Promise.all(all.map((one) => one.kill()));
  return arrival;
}

/** A node whose job has all keys. */
async function filled(nodes: Nodes, standbys: number): Promise<BenchNode> {
  const node = nodeOf('a', nodes, standbys);
  await node.start();
  await node.ask('open');
  while ((await node.figures()).stored < nodes.keys) await sleep(LOOK_MS);
  return node;
}

const nodeOf = (node: string, { servers, job, keys }: Nodes, standbys: number): BenchNode =>
  new BenchNode({
    node,
    servers: servers.urls,
    dir: join(tempDir('bench-restore'), node),
    job,
    partitions: 1,
    standbys,
    work: { kind: 'keyed', keys, stateChars: STATE_CHARS },
  });

async function isWarm({ servers, job }: Nodes, name: string): Promise<boolean> {
  const { nodes } = await inspectJob({ servers: servers.urls }, job);
  return nodes.some(({ beat }) => beat.node === name && beat.warm.includes(0));
}
