import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { fillBacklog } from '../support/fill-backlog.js';
import { PacedStream } from '../support/paced-stream.js';
import { type Comparison, cpuPerMessage, figureColumn } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';

const CLIENT_ID = 'bench-bridge';
const SECONDS = 12;
const WARM_UP_SECONDS = 4;

const CONTENDERS = [
  ['exactly once', 'bridge-exactly-once'],
  ['at least once', 'bridge-millrace'],
] as const;

/** From a publisher through broker A, a bridge and broker B to a reader, all at QoS 2 but the last step. */
export async function latencyCase(perSecond: number, options: BenchOptions): Promise<Comparison> {
  const warmUp = WARM_UP_SECONDS * perSecond;
  const messages = warmUp + Math.round((SECONDS - WARM_UP_SECONDS) * perSecond * Math.max(options.scale, 0.3));
  const entries = CONTENDERS.map(([contender, file]) => ({
    contender,
    measure: () => measure(file, { perSecond, messages, warmUp }),
  }));
  const title = `Latency through a bridge, QoS 2, ${perSecond.toLocaleString('en-US')} messages/s`;
  const { rows } = await compare(title, entries, { rounds: options.rounds, by: ({ figures }) => figures?.p50Ms ?? 0 });
  return { title, rows, columns: COLUMNS };
}

const COLUMNS = [
  figureColumn('p50 ms', 'p50Ms', 1),
  figureColumn('p99 ms', 'p99Ms', 1),
  figureColumn('highest ms', 'maxMs', 1),
  { heading: 'CPU µs/message', cell: ({ measured }: { measured: Measured }) => cpuPerMessage(measured).toFixed(2) },
];

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
