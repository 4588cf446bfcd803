import type { Measured } from './run-contender.js';

/** One line of a table: a contender's figures. */
export interface Row {
  readonly contender: string;
  readonly measured: Measured;
}

/** One comparison, all of it from one run. The first row is Millrace. */
export interface Comparison {
  readonly title: string;
  readonly rows: readonly Row[];
  /** For the store: what a commit has. A message is a row then. */
  readonly commits?: { readonly rows: number; readonly rowBytes: number };
}

export const ratePerSecond = ({ messages, wallMs }: Measured): number => (messages * 1000) / wallMs;

export const cpuPerMessage = ({ messages, cpuMicros }: Measured): number => cpuMicros / messages;
