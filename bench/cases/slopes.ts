import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { type Column, type Comparison, CPU, cpuPerMessage, figure, RATE, RSS } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';
import { startFakeBroker } from '../support/start-fake-broker.js';

const WINDOW = 1000;
const CLIENT_ID = 'slope';

const MESSAGES = [10_000, 100_000, 1_000_000];
/** Of topics, and of keys. */
const SPREADS = [10, 1_000, 100_000];
/** Each topic or key comes at least twice. */
const SPREAD_MESSAGES = 200_000;

const KINDS = [
  { kind: 'at least once, QoS 1', qos: 1 },
  { kind: 'exactly once, QoS 2', qos: 2 },
] as const;

type Kind = (typeof KINDS)[number];

/** A row of a series, which has as many rows as there are sizes. */
export interface Step {
  readonly contender: string;
  readonly size: number;
  readonly measure: () => Promise<Measured>;
}

/** A bridge between two sides of a broker that does next to nothing, of so many messages over so many topics. */
async function bridge({ qos }: Kind, messages: number, topics?: number): Promise<Measured> {
  const broker = await startFakeBroker({ qos, messages, window: WINDOW, ...(topics !== undefined && { topics }) });
  try {
    const task = { url: broker.url, toUrl: broker.url, qos, messages, window: WINDOW, clientId: CLIENT_ID };
    return await runContender('bridge-stream', task, broker);
  } finally {
    await broker.stop();
  }
}

/** All that ten and a hundred times as many messages cost. */
export function messagesSlopeCase(options: BenchOptions): Promise<Comparison> {
  const steps = KINDS.flatMap((kind) =>
    MESSAGES.map((most): Step => {
      const messages = Math.round(most * options.scale);
      return { contender: `${kind.kind}, ${count(messages)}`, size: messages, measure: () => bridge(kind, messages) };
    }),
  );
  return slopes(
    { title: 'A bridge by the number of messages', of: 'messages', steps, cost: (one) => one.cpuMicros },
    options,
  );
}

/** What a message costs where there are more topics. */
export function topicsSlopeCase(options: BenchOptions): Promise<Comparison> {
  const messages = Math.round(SPREAD_MESSAGES * options.scale);
  const steps = KINDS.flatMap((kind) =>
    SPREADS.map(
      (topics): Step => ({
        contender: `${kind.kind}, ${count(topics)}`,
        size: topics,
        measure: () => bridge(kind, messages, topics),
      }),
    ),
  );
  return slopes({ title: 'A bridge by the number of topics', of: 'topics', steps, cost: cpuPerMessage }, options);
}

/** What a message costs where there are more keys. */
export function keysSlopeCase(options: BenchOptions): Promise<Comparison> {
  const messages = Math.round(SPREAD_MESSAGES * options.scale);
  const steps = ([2, 0] as const).flatMap((qos) =>
    SPREADS.map(
      (keys): Step => ({
        contender: `${qos === 2 ? 'with the store, exactly once' : 'state in memory'}, ${count(keys)}`,
        size: keys,
        measure: () =>
          runContender('keyed-millrace', { url: '', toUrl: '', qos, messages, window: 0, clientId: CLIENT_ID, keys }),
      }),
    ),
  );
  return slopes({ title: 'State by key by the number of keys', of: 'keys', steps, cost: cpuPerMessage }, options);
}

export interface Series {
  readonly title: string;
  /** What there is more of. */
  readonly of: string;
  readonly steps: readonly Step[];
  readonly cost: (measured: Measured) => number;
}

export async function slopes({ title, of, steps, cost }: Series, options: BenchOptions): Promise<Comparison> {
  const comparison = await compare(title, steps, options);
  const { rows } = comparison;
  const column: Column = {
    heading: 'slope',
    cell: (row) => {
      const at = rows.indexOf(row);
      const [here, before, measured] = [steps[at], steps[at - 1], rows[at - 1]?.measured];
      // the first of a series has none before it
      if (here === undefined || before === undefined || measured === undefined || here.size < before.size) return '';
      const growth = Math.log(cost(row.measured) / cost(measured));
      return figure(growth / Math.log(here.size / before.size), 2);
    },
  };
  const what = cost === cpuPerMessage ? 'the CPU of a message' : 'all CPU';
  const note = `Slope: the power of the number of ${of} with which ${what} grows from one row to the next. 0 is not at all, 1 in proportion.`;
  return { ...comparison, columns: [RATE, CPU, RSS, column], notes: [note] };
}

export const count = (value: number): string => value.toLocaleString('en-US');
