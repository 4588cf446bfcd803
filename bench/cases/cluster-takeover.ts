import { join } from 'node:path';
import { tempDir } from '../../test/support/temp-dir.js';
import { until } from '../../test/support/until.js';
import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import { startBenchNats } from '../support/bench-nats.js';
import type { BenchOptions } from '../support/bench-options.js';
import { BenchNode, ownerOf } from '../support/cluster/bench-node.js';
import { MessageClock } from '../support/cluster/message-clock.js';
import { percentile } from '../support/percentile.js';
import { type Comparison, figureColumn, type Row } from '../support/result.js';

/** Of each kind in a round. */
const MOVES = 8;
/** In all rounds together: each takes up to seven seconds. */
const MOST_MOVES = 16;
const PER_SECOND = 100;

/** Ends the node that has it, and gives nothing. */
type End = (owner: BenchNode) => Promise<void>;

const KINDS: readonly (readonly [string, End])[] = [
  ['kill -9', (owner) => owner.kill()],
  ['SIGTERM, handed over', (owner) => owner.handOver()],
];

interface Times {
  /** Until the partition runs elsewhere, in seconds. */
  readonly runs: number;
  /** Until a message that was sent behind the end of the node had come through. */
  readonly through: number;
  /** The longest time in which nothing came through: the pace of the messages, where there was none. */
  readonly stall: number;
}

/**
 * One partition, three nodes, the default lease, a hundred messages a second: the node that has it is ended again and again. The figures
 * are of all rounds together, so that the tail is of more than a few.
 */
export async function clusterTakeoverCase(options: BenchOptions): Promise<Comparison> {
  const moves = Math.min(MOST_MOVES, Math.max(2, Math.round(MOVES * options.scale)) * options.rounds);
  const rows: Row[] = [];
  for (const [contender, end] of KINDS) {
    process.stderr.write(`Takeover: ${contender} (${moves} times)\n`);
    const times = await measure(end, moves);
    const [runs, through] = [times.map((one) => one.runs), times.map((one) => one.through)];
    const stalls = times.map((one) => one.stall);
    const figures = {
      moves,
      runsP50: percentile(runs, 0.5),
      runsP99: percentile(runs, 0.99),
      throughP50: percentile(through, 0.5),
      throughMax: percentile(through, 1),
      stallP50: percentile(stalls, 0.5),
      stallMax: percentile(stalls, 1),
    };
    rows.push({ contender, measured: { messages: 0, wallMs: 0, cpuMicros: 0, maxRssBytes: 0, figures } });
  }
  return { title: 'Takeover of a partition', rounds: options.rounds, rows, columns: COLUMNS };
}

const COLUMNS = [
  figureColumn('times', 'moves', 0),
  figureColumn('s until it runs elsewhere, p50', 'runsP50', 2),
  figureColumn('p99', 'runsP99', 2),
  figureColumn('s until a message is through, p50', 'throughP50', 2),
  figureColumn('highest', 'throughMax', 2),
  figureColumn('longest s without output, p50', 'stallP50', 2),
  figureColumn('highest', 'stallMax', 2),
];

async function measure(end: End, moves: number): Promise<readonly Times[]> {
  await using servers = await startBenchNats();
  const [from, to] = [await startBenchMosquitto(1000), await startBenchMosquitto(0)];
  const dir = tempDir('bench-takeover');
  const nodes = ['a', 'b', 'c'].map(
    (node) =>
      new BenchNode({
        node,
        servers: servers.urls,
        dir: join(dir, node),
        job: 'takeover',
        partitions: 1,
        standbys: 0,
        work: { kind: 'bridge', from: from.url, to: to.url },
      }),
  );
  try {
    await Promise.all(nodes.map((node) => node.start()));
    const clock = await MessageClock.start(from.url, to.url, PER_SECOND);
    const times: Times[] = [];
    for (let move = 0; move < moves; move += 1) {
      // all goes well before each
      await clock.throughSince(performance.now());
      times.push(await moveOnce(nodes, clock, end));
    }
    clock.close();
    return times;
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
    await Promise.all([from.stop(), to.stop()]);
  }
}

async function moveOnce(nodes: readonly BenchNode[], clock: MessageClock, end: End): Promise<Times> {
  const owner = await until(() => ownerOf(nodes), { what: 'an owner' });
  clock.takeStall();
  const startedAt = performance.now();
  const ended = end(owner);
  const through = clock.throughSince(startedAt);
  await until(() => nodes.some((node) => node !== owner && node.partitions.has(0)), { what: 'another owner' });
  const runs = (performance.now() - startedAt) / 1000;
  const throughMs = (await through) - startedAt;
  // in a hand-over the former owner may have brought that one
  await clock.throughSince(performance.now());
  const stall = clock.takeStall() / 1000;
  await ended;
  await owner.start();
  return { runs, through: throughMs / 1000, stall };
}
