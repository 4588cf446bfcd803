import { type Comparison, cpuPerMessage, type Row, ratePerSecond } from './result.js';

type CommitSize = NonNullable<Comparison['commits']>;

/** A comparison as a Markdown table. Ratios are about the first row: above 1 in `rate` it is faster, below 1 in `CPU` it is cheaper. */
export function formatTable(comparison: Comparison): string {
  const { title, rows, commits } = comparison;
  const first = rows[0];
  if (first === undefined) return '';
  if (commits !== undefined) return formatCommits(title, rows, commits);
  return [
    `### ${title}`,
    '',
    `| | messages/s | CPU µs/message | peak RSS MB | ${first.contender}: rate | ${first.contender}: CPU |`,
    '|---|--:|--:|--:|--:|--:|',
    ...rows.map((row) => formatRow(row, first)),
    '',
  ].join('\n');
}

function formatCommits(title: string, rows: readonly Row[], { rows: size, rowBytes }: CommitSize): string {
  const lines = rows.map(({ contender, measured }) => {
    const rate = ratePerSecond(measured);
    const figures = [Math.round(rate / size).toLocaleString('en-US'), ((rate * rowBytes) / 1e6).toFixed(1)];
    return `| ${contender} | ${[...figures, (cpuPerMessage(measured) * size).toFixed(0)].join(' | ')} |`;
  });
  return [`### ${title}`, '', '| | commits/s | MB/s | CPU µs/commit |', '|---|--:|--:|--:|', ...lines, ''].join('\n');
}

function formatRow(row: Row, first: Row): string {
  const rate = ratePerSecond(row.measured);
  const cpu = cpuPerMessage(row.measured);
  const rss = row.measured.maxRssBytes === 0 ? '' : (row.measured.maxRssBytes / 1e6).toFixed(0);
  const ratios =
    row === first
      ? ['', '']
      : [
          `${(ratePerSecond(first.measured) / rate).toFixed(2)} ×`,
          `${(cpuPerMessage(first.measured) / cpu).toFixed(2)} ×`,
        ];
  const figures = [Math.round(rate).toLocaleString('en-US'), cpu.toFixed(2), rss, ...ratios];
  return `| ${row.contender} | ${figures.join(' | ')} |`;
}
