import { type Comparison, cpuPerMessage } from './result.js';
import type { Measured } from './run-contender.js';

/** A contender by the name that the table shows. */
export interface Entry {
  readonly contender: string;
  readonly measure: () => Promise<Measured>;
}

/** How often a comparison is run, and what orders the runs of a contender: CPU per message when nothing is said. */
export interface Rounds {
  readonly rounds: number;
  readonly by?: (measured: Measured) => number;
}

/**
 * Runs all contenders in turn, `rounds` times, and keeps each one's median: neighbours on the machine disturb all alike.
 */
export async function compare(
  title: string,
  entries: readonly Entry[],
  { rounds, by = cpuPerMessage }: Rounds,
): Promise<Comparison> {
  const runs = entries.map((): Measured[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, entry] of entries.entries()) {
      process.stderr.write(`${title}: ${entry.contender} (${round + 1}/${rounds})\n`);
      runs[index]?.push(await entry.measure());
    }
  }
  return {
    title,
    rounds,
    rows: entries.map(({ contender }, index) => ({ contender, measured: median(runs[index] ?? [], by) })),
  };
}

function median(runs: readonly Measured[], by: (measured: Measured) => number): Measured {
  const sorted = [...runs].sort((a, b) => by(a) - by(b));
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('no run');
  return middle;
}
