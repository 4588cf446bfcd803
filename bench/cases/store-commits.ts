import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { type Column, type Comparison, cpuPerMessage, ratePerSecond } from '../support/result.js';
import { runContender } from '../support/run-contender.js';
import { ROW_BYTES } from '../support/store-rows.js';

const CONTENDERS = [
  ['store', 'store-commits', 'log chunk'],
  ['store, a record for each row', 'store-commits', 'log rows'],
  ['LMDB alone', 'store-commits', 'lmdb chunk'],
  ['LMDB alone, a record for each row', 'store-commits', 'lmdb rows'],
  ['append and fdatasync', 'store-log', 'log'],
] as const;

/** Commits of so many rows, one under way at a time, on the disk of the temporary directory. */
export async function storeCommitsCase(rows: 1 | 100 | 1000, options: BenchOptions): Promise<Comparison> {
  const commits = Math.round((rows === 1000 ? 500 : 2_000) * options.scale);
  const task = { url: '', toUrl: '', qos: 0, messages: commits * rows, window: rows } as const;
  const entries = CONTENDERS.map(([contender, file, clientId]) => ({
    contender,
    measure: () => runContender(file, { ...task, clientId }),
  }));
  const title = `Durable commits of ${rows === 1 ? 'one row' : `${rows} rows`} of ${ROW_BYTES} bytes`;
  return { ...(await compare(title, entries, options)), columns: commitColumns(rows) };
}

/** A message is a row here. */
const commitColumns = (rows: number): readonly Column[] => [
  {
    heading: 'commits/s',
    cell: ({ measured }) => Math.round(ratePerSecond(measured) / rows).toLocaleString('en-US'),
  },
  { heading: 'MB/s', cell: ({ measured }) => ((ratePerSecond(measured) * ROW_BYTES) / 1e6).toFixed(1) },
  { heading: 'CPU µs/commit', cell: ({ measured }) => (cpuPerMessage(measured) * rows).toFixed(0) },
];
