import type { Comparison } from './result.js';
import type { Measured } from './run-contender.js';

/** A contender by the name that the table shows. */
export interface Entry {
  readonly contender: string;
  readonly measure: () => Promise<Measured>;
}

/**
 * Runs all contenders in turn, `rounds` times, and keeps each one's median by CPU per message: neighbours on the machine
 * disturb all alike.
 */
export async function compare(title: string, entries: readonly Entry[], rounds: number): Promise<Comparison> {
  const runs = entries.map((): Measured[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, entry] of entries.entries()) {
      process.stderr.write(`${title}: ${entry.contender} (${round + 1}/${rounds})\n`);
      runs[index]?.push(await entry.measure());
    }
  }
  return { title, rows: entries.map(({ contender }, index) => ({ contender, measured: median(runs[index] ?? []) })) };
}

function median(runs: readonly Measured[]): Measured {
  const sorted = [...runs].sort((a, b) => a.cpuMicros / a.messages - b.cpuMicros / b.messages);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('no run');
  return middle;
}
