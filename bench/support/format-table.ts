import { type Column, type Comparison, cpuPerMessage, type Row, ratePerSecond } from './result.js';

/** A comparison as a Markdown table. Ratios are about the first row: above 1 in `rate` it is faster, below 1 in `CPU` it is cheaper. */
export function formatTable({ title, rows, columns, further = [] }: Comparison): string {
  const first = rows[0];
  if (first === undefined) return '';
  const shown = [...(columns ?? rateColumns(first)), ...further];
  return [
    `### ${title}`,
    '',
    `| | ${shown.map(({ heading }) => heading).join(' | ')} |`,
    `|---|${shown.map(() => '--:').join('|')}|`,
    ...rows.map((row) => `| ${row.contender} | ${shown.map(({ cell }) => cell(row)).join(' | ')} |`),
    '',
  ].join('\n');
}

function rateColumns(first: Row): readonly Column[] {
  const ratio =
    (of: (measured: Row['measured']) => number): Column['cell'] =>
    (row) =>
      row === first ? '' : `${(of(first.measured) / of(row.measured)).toFixed(2)} ×`;
  return [
    { heading: 'messages/s', cell: ({ measured }) => Math.round(ratePerSecond(measured)).toLocaleString('en-US') },
    { heading: 'CPU µs/message', cell: ({ measured }) => cpuPerMessage(measured).toFixed(2) },
    {
      heading: 'peak RSS MB',
      cell: ({ measured: { maxRssBytes } }) => (maxRssBytes === 0 ? '' : toMegabytes(maxRssBytes)),
    },
    { heading: `${first.contender}: rate`, cell: ratio(ratePerSecond) },
    { heading: `${first.contender}: CPU`, cell: ratio(cpuPerMessage) },
  ];
}

const toMegabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
