import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { fillBacklog } from '../support/fill-backlog.js';
import { PacedStream } from '../support/paced-stream.js';
import { type Column, type Comparison, CPU, figure, figureColumn, type Row } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';
import { WARM_COUNTS, WARM_CPU } from '../support/warm-half.js';

const CLIENT_ID = 'bench-bridge';

export const EXACTLY_ONCE = 'exactly once';
export const AT_LEAST_ONCE = 'at least once';
/** What is left of exactly once where nothing but its packets and its flushed writes are. */
export const BARE = 'the same packets and flushed writes alone';

const CONTENDERS = [
  [EXACTLY_ONCE, 'bridge-exactly-once'],
  [BARE, 'bridge-bare'],
  [AT_LEAST_ONCE, 'bridge-millrace'],
] as const;

/**
 * Messages a second, and for how many seconds: at first little is compiled yet, and at a thousand a second what compiles takes the processors for
 * some seconds. One in a second is alone, and there are few of them.
 */
const PACES = {
  1: { warmUp: 2, counted: 10 },
  100: { warmUp: 2, counted: 5 },
  1000: { warmUp: 8, counted: 8 },
  5000: { warmUp: 3, counted: 6 },
} as const;

/** From a publisher through broker A, a bridge and broker B to a reader, all at QoS 2 but the last step. */
export async function latencyCase(perSecond: keyof typeof PACES, options: BenchOptions): Promise<Comparison> {
  const pace = PACES[perSecond];
  const warmUp = pace.warmUp * perSecond;
  const messages = warmUp + Math.round(pace.counted * perSecond * Math.max(options.scale, 0.3));
  const entries = CONTENDERS.map(([contender, file]) => ({
    contender,
    measure: () => measure(file, { perSecond, messages, warmUp }),
  }));
  const title = `Latency through a bridge, QoS 2, ${perSecond.toLocaleString('en-US')} ${perSecond === 1 ? 'message' : 'messages'}/s`;
  const comparison = await compare(title, entries, {
    rounds: options.rounds,
    by: ({ figures }) => figures?.p50Ms ?? 0,
  });
  return { ...comparison, columns: columnsOf(comparison.rows) };
}

const columnsOf = (rows: readonly Row[]): readonly Column[] => [
  figureColumn('p50 ms', 'p50Ms', 2),
  figureColumn('p99 ms', 'p99Ms', 2),
  figureColumn('highest ms', 'maxMs', 1),
  addedColumn('added p50 ms', 'p50Ms', rows),
  addedColumn('added p99 ms', 'p99Ms', rows),
  CPU,
  WARM_CPU,
  ...WARM_COUNTS,
];

/** By how much a row is above the last one, which promises less. */
const addedColumn = (heading: string, name: string, rows: readonly Row[]): Column => ({
  heading,
  cell: (row) => {
    const least = rows.at(-1);
    return row === least || least === undefined ? '' : figure(addedMs(row.measured, least.measured, name), 2);
  },
});

/** By how many milliseconds one is above another in the figure of this name. */
export const addedMs = (one: Measured, other: Measured, name: string): number =>
  (one.figures?.[name] ?? Number.NaN) - (other.figures?.[name] ?? Number.NaN);

interface Paced {
  readonly perSecond: number;
  readonly messages: number;
  readonly warmUp: number;
}

async function measure(file: string, paced: Paced): Promise<Measured> {
  const [from, to] = [await startBenchMosquitto(0), await startBenchMosquitto(0)];
  try {
    await fillBacklog(from.url, CLIENT_ID, { messages: 0, qos: 2 });
    const stream = await PacedStream.open({ from: from.url, to: to.url, ...paced });
    try {
      const { messages } = paced;
      const task = { url: from.url, toUrl: to.url, qos: 2, messages, window: 1000, clientId: CLIENT_ID } as const;
      return await runContender(file, task, stream);
    } finally {
      stream.close();
    }
  } finally {
    await Promise.all([from.stop(), to.stop()]);
  }
}
