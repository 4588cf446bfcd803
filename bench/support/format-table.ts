import { type Column, type Comparison, CPU, cpuPerMessage, RATE, type Row, RSS, ratePerSecond } from './result.js';

/** A comparison as a Markdown table. Ratios are about the first row: above 1 in `rate` it is faster, below 1 in `CPU` it is cheaper. */
export function formatTable({ title, rows, rounds, columns, further = [], notes = [] }: Comparison): string {
  const first = rows[0];
  if (first === undefined) return '';
  const shown = [...(columns ?? rateColumns(first)), ...further];
  return [
    `### ${title}`,
    '',
    ...(rounds === 1 ? ['One round.'] : [`Medians of ${rounds} rounds.`]),
    '',
    `| | ${shown.map(({ heading }) => heading).join(' | ')} |`,
    `|---|${shown.map(({ isText = false }) => (isText ? '---' : '--:')).join('|')}|`,
    ...rows.map((row) => `| ${row.contender} | ${shown.map(({ cell }) => cell(row)).join(' | ')} |`),
    '',
    ...notes.flatMap((note) => [note, '']),
  ].join('\n');
}

function rateColumns(first: Row): readonly Column[] {
  return [RATE, CPU, RSS, ...ratiosOf(first)];
}

/** How `first` stands beside each of the others. */
export function ratiosOf(first: Row): readonly Column[] {
  const ratio =
    (of: (measured: Row['measured']) => number): Column['cell'] =>
    (row) => {
      const value = row === first ? Number.NaN : of(first.measured) / of(row.measured);
      return Number.isNaN(value) ? '' : `${value.toFixed(2)} ×`;
    };
  return [
    { heading: `${first.contender}: rate`, cell: ratio(ratePerSecond) },
    { heading: `${first.contender}: CPU`, cell: ratio(cpuPerMessage) },
  ];
}
