import type { Measured } from './run-contender.js';

/** One line of a table: a contender's figures. */
export interface Row {
  readonly contender: string;
  readonly measured: Measured;
}

/** What a table shows of each row. */
export interface Column {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Default false: figures, which stand at the right. */
  readonly isText?: boolean;
}

/** One comparison, all of it from one run. The first row is Millrace. */
export interface Comparison {
  readonly title: string;
  readonly rows: readonly Row[];
  /** So many times each was measured; what stands there is one run, the middle one. */
  readonly rounds: number;
  /** Default: rate, CPU and memory, and their ratios to the first row. */
  readonly columns?: readonly Column[];
  /** Behind those. */
  readonly further?: readonly Column[];
  /** What is not in the table, and why. */
  readonly notes?: readonly string[];
}

/** The contender's figures. Throws when it is not there. */
export function measuredOf({ title, rows }: Comparison, contender: string): Measured {
  const row = rows.find((one) => one.contender === contender);
  if (row === undefined) throw new Error(`there is no ${contender} in "${title}"`);
  return row.measured;
}

export const ratePerSecond = ({ messages, wallMs }: Measured): number => (messages * 1000) / wallMs;

export const cpuPerMessage = ({ messages, cpuMicros }: Measured): number => cpuMicros / messages;

/** With so many digits behind the point; nothing where it is no number. */
export const figure = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);

/** A figure of this name. */
export const figureColumn = (heading: string, name: string, digits: number): Column => ({
  heading,
  cell: ({ measured }) => figure(measured.figures?.[name], digits),
});

export const RATE: Column = {
  heading: 'messages/s',
  cell: ({ measured }) => Math.round(ratePerSecond(measured)).toLocaleString('en-US'),
};

export const CPU: Column = { heading: 'CPU µs/message', cell: ({ measured }) => figure(cpuPerMessage(measured), 2) };

export const RSS: Column = {
  heading: 'peak RSS MB',
  cell: ({ measured: { maxRssBytes } }) => (maxRssBytes === 0 ? '' : figure(maxRssBytes / 1e6, 0)),
};

/** The row's figure beside another row's: how many times that. Nothing in that row itself. */
export const ratioColumn = (heading: string, to: Row | undefined, of: (measured: Measured) => number): Column => ({
  heading,
  cell: (row) => {
    const ratio = to === undefined || row === to ? Number.NaN : of(row.measured) / of(to.measured);
    return Number.isNaN(ratio) ? '' : `${ratio.toFixed(2)} ×`;
  },
});
