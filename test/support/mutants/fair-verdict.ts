/** What became of a cell. */
export interface CellVerdict {
  /** Tests that held. */
  readonly passed: number;
  /** The names of those that did not: they ran and found something wrong. */
  readonly failed: readonly string[];
  /** Set when the cell could not be run at all, which proves nothing. */
  readonly broken?: string;
}

/** What a cell came to, and how long it took. */
export interface Played {
  readonly verdict: CellVerdict;
  readonly tookMs: number;
}

/** How long a test waits first: with a mutant much does not come. */
const PATIENCE_MS = 20_000;
const LONGEST_MS = 8 * PATIENCE_MS;

/**
 * What a cell says of a mutant. On a machine that gives it nothing to run, it fails whatever it is tried on: what took so long that a wait
 * can have run out counts where the unchanged sources pass in that time, and is tried again with more of it where they do not.
 *
 * @param play tries the cell, whose waits are so long
 */
export async function fairVerdict(
  play: (on: 'mutant' | 'sources', patienceMs: number) => Promise<Played>,
): Promise<CellVerdict> {
  for (let patienceMs = PATIENCE_MS; patienceMs <= LONGEST_MS; patienceMs *= 2) {
    const { verdict, tookMs } = await play('mutant', patienceMs);
    if (verdict.failed.length === 0 || tookMs < patienceMs) return verdict;
    const control = await play('sources', patienceMs);
    if (control.verdict.broken === undefined && control.verdict.failed.length === 0) return verdict;
  }
  return { passed: 0, failed: [], broken: 'the machine is too busy: the unchanged sources fail as well' };
}
