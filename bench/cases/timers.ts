import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { type Column, type Comparison, CPU, RSS } from '../support/result.js';
import { runContender } from '../support/run-contender.js';
import { count } from './slopes.js';

const MOST_TIMERS = 1_000_000;
/** Of all of them. */
const SHARES = [0.01, 0.1, 1];

/** A timer for each key is set, and then all of them fire: what ten and a hundred times as many cost. */
export async function timersCase(options: BenchOptions): Promise<Comparison> {
  const entries = ([2, 0] as const).flatMap((qos) =>
    SHARES.map((share) => {
      const messages = Math.round(MOST_TIMERS * share * options.scale);
      const task = { url: '', toUrl: '', qos, messages, window: 0, clientId: 'timers' };
      const kind = qos === 2 ? 'with the store, exactly once' : 'in memory, no guarantee';
      return { contender: `${kind}, ${count(messages)}`, measure: () => runContender('timers-millrace', task) };
    }),
  );
  const comparison = await compare('Timers that are set, and fire', entries, options);
  return { ...comparison, columns: [rateColumn('set/s', 'setMs'), rateColumn('fired/s', 'fireMs'), CPU_OF_ONE, RSS] };
}

const rateColumn = (heading: string, name: string): Column => ({
  heading,
  cell: ({ measured: { messages, figures } }) => count(Math.round((messages * 1000) / (figures?.[name] ?? Number.NaN))),
});

const CPU_OF_ONE: Column = { ...CPU, heading: 'CPU µs for both' };
