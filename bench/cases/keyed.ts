import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { type Comparison, figureColumn } from '../support/result.js';
import { runContender } from '../support/run-contender.js';

/**
 * A pipeline that keeps state by key, from memory to nowhere: what the state and its commits cost, and nothing else. Of two million
 * keys at most 500,000 are in memory where there is a store.
 */
export async function keyedCase(keys: 10_000 | 2_000_000, options: BenchOptions): Promise<Comparison> {
  const messages = Math.round((keys === 10_000 ? 2_000_000 : 1_000_000) * options.scale);
  const task = { url: '', toUrl: '', messages, window: 0, clientId: 'keyed', keys };
  const entries = [
    {
      contender: 'with the store, exactly once',
      measure: () => runContender('keyed-millrace', { ...task, qos: 2 }),
    },
    { contender: 'state in memory, no guarantee', measure: () => runContender('keyed-millrace', { ...task, qos: 0 }) },
  ];
  const comparison = await compare(`State by key, ${keys.toLocaleString('en-US')} keys, no broker`, entries, options);
  return { ...comparison, further: [figureColumn('peak RSS MB without pages of files', 'ownRssMb', 0)] };
}
