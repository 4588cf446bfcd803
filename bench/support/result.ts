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
}

/** One comparison, all of it from one run. The first row is Millrace. */
export interface Comparison {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Default: rate, CPU and memory, and their ratios to the first row. */
  readonly columns?: readonly Column[];
  /** Behind those. */
  readonly further?: readonly Column[];
}

export const ratePerSecond = ({ messages, wallMs }: Measured): number => (messages * 1000) / wallMs;

export const cpuPerMessage = ({ messages, cpuMicros }: Measured): number => cpuMicros / messages;

/** A figure of this name, with so many digits behind the point. */
export const figureColumn = (heading: string, name: string, digits: number): Column => ({
  heading,
  cell: ({ measured }) => measured.figures?.[name]?.toFixed(digits) ?? '',
});
