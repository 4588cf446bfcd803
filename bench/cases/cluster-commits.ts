import { startBenchNats } from '../support/bench-nats.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import { type Column, type Comparison, cpuPerMessage, figureColumn, ratePerSecond } from '../support/result.js';
import { runContender } from '../support/run-contender.js';
import { ROW_BYTES } from '../support/store-rows.js';

const COMMITS = 2_000;
/** Rows in a commit. */
const SIZES = [1, 100, 500];

/** How long a commit takes on three servers that flush each write, beside a store on the same disk. One is under way at a time. */
export async function clusterCommitsCase(options: BenchOptions): Promise<Comparison> {
  await using servers = await startBenchNats();
  let jobs = 0;
  const entries = SIZES.flatMap((rows) =>
    [servers.urls.join(','), ''].map((url) => ({
      contender: `${url === '' ? 'one process' : 'cluster'}, ${((rows * ROW_BYTES) / 1000).toLocaleString('en-US')} KB`,
      measure: () => {
        jobs += 1;
        const messages = Math.round(COMMITS * options.scale) * rows;
        return runContender('commit-times', {
          url,
          toUrl: '',
          qos: 0,
          messages,
          window: rows,
          clientId: `commits-${jobs}`,
        });
      },
    })),
  );
  const comparison = await compare('Commits on a cluster of three servers', entries, {
    rounds: options.rounds,
    by: ({ figures }) => figures?.p50Ms ?? 0,
  });
  const sizeOf = new Map(comparison.rows.map((row, index) => [row, SIZES[Math.floor(index / 2)] ?? 1]));
  const perCommit: readonly Column[] = [
    {
      heading: 'commits/s',
      cell: (row) => Math.round(ratePerSecond(row.measured) / (sizeOf.get(row) ?? 1)).toLocaleString('en-US'),
    },
    { heading: 'CPU µs/commit', cell: (row) => (cpuPerMessage(row.measured) * (sizeOf.get(row) ?? 1)).toFixed(0) },
  ];
  return { ...comparison, columns: [...TIMES, ...perCommit] };
}

const TIMES = [
  figureColumn('p50 ms', 'p50Ms', 2),
  figureColumn('p99 ms', 'p99Ms', 1),
  figureColumn('highest ms', 'maxMs', 0),
];
