import { type Comparison, cpuPerMessage, type Row, ratePerSecond } from './result.js';

/** A comparison as a Markdown table. Ratios are about the first row: above 1 in `rate` it is faster, below 1 in `CPU` it is cheaper. */
export function formatTable({ title, rows }: Comparison): string {
  const first = rows[0];
  if (first === undefined) return '';
  return [
    `### ${title}`,
    '',
    `| | messages/s | CPU µs/message | peak RSS MB | ${first.contender}: rate | ${first.contender}: CPU |`,
    '|---|--:|--:|--:|--:|--:|',
    ...rows.map((row) => formatRow(row, first)),
    '',
  ].join('\n');
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
