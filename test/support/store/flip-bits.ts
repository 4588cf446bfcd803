import assert from 'node:assert/strict';
import { startChild } from '../child-process.js';
import { programArgs } from '../program-args.js';
import type { SeededRandom } from '../seeded-random.js';

/** What is damaged, see `store-reader.ts`. */
export interface DamagedStore {
  readonly dir: string;
  readonly file: string;
  readonly pristine: string;
}

/** What a process that reads the store said of each flip, or the signal that ended it: then another one goes on. */
export async function flipAll(
  { dir, file, pristine }: DamagedStore,
  flips: readonly string[],
): Promise<Map<string, string>> {
  const outcomes = new Map<string, string>();
  for (let rest = flips; rest.length > 0; rest = flips.slice(outcomes.size)) {
    const args = [...programArgs('test/support/store/store-reader.ts'), dir, file, pristine, ...rest];
    const child = startChild(process.execPath, args);
    const { signal } = await child.exited;
    const lines = child.stdout.filter((line) => line !== '');
    for (const [index, line] of lines.entries()) {
      if (line.startsWith('flip ')) outcomes.set(line.slice(5), lines[index + 1] ?? `ended by ${signal}`);
    }
    assert.ok(lines.length > 0, child.stderr.join('\n'));
  }
  return outcomes;
}

/** How many had each outcome. */
export function tally(outcomes: ReadonlyMap<string, string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const outcome of outcomes.values()) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
}

/** Flips of one bit each. */
export const flipsOf = (random: SeededRandom, count: number, offset: () => number): string[] => [
  ...new Set(Array.from({ length: count }, () => `${offset()}:${1 << random.below(8)}`)),
];
