import type { CellVerdict } from './fair-verdict.js';
import { runCell, type TestCell } from './mutant-cell.js';
import type { Mutant } from './mutants.js';

/** The kill table: what each cell said of each mutant, and of the unchanged sources. */
export class MutantTable {
  readonly #cells: readonly TestCell[];
  readonly #mutants: readonly Mutant[];
  readonly #verdicts = new Map<string, Promise<CellVerdict>>();
  readonly #known = new Map<string, CellVerdict>();

  constructor(cells: readonly TestCell[], mutants: readonly Mutant[]) {
    this.#cells = cells;
    this.#mutants = mutants;
  }

  /** Runs a cell on a mutant, or on the unchanged sources; each pair once. */
  verdict(cell: TestCell, mutant?: Mutant): Promise<CellVerdict> {
    const key = keyOf(cell, mutant);
    const running = this.#verdicts.get(key) ?? runCell(cell, mutant?.patches ?? []);
    this.#verdicts.set(key, running);
    return running.then((verdict) => {
      this.#known.set(key, verdict);
      return verdict;
    });
  }

  /**
   * Tries every cell on the unchanged sources and on every mutant, two at a time. Rejects when those do not pass one: they come first, since
   * the rest would say nothing.
   */
  async complete(): Promise<void> {
    const pairs = [undefined, ...this.#mutants].flatMap((mutant) => this.#cells.map((cell) => ({ cell, mutant })));
    const work = async () => {
      for (let pair = pairs.shift(); pair !== undefined; pair = pairs.shift()) {
        const { failed, broken } = await this.verdict(pair.cell, pair.mutant);
        const problem = broken ?? (pair.mutant === undefined ? failed[0] : undefined);
        if (problem !== undefined)
          throw new Error(`${pair.cell.id} on ${pair.mutant?.id ?? 'the sources'}: ${problem}`);
      }
    };
    await Promise.all([work(), work()]);
  }

  /** Mutants that no cell has caught. */
  survivors(): Mutant[] {
    return this.#mutants.filter(
      (mutant) => !this.#cells.some((cell) => (this.#known.get(keyOf(cell, mutant))?.failed.length ?? 0) > 0),
    );
  }

  /** A line for each cell, a column for each mutant: `✘` caught, `·` not caught, empty where it was not tried. */
  lines(): string[] {
    const mark = (verdict: CellVerdict | undefined) =>
      verdict === undefined ? ' ' : verdict.broken !== undefined ? '?' : verdict.failed.length > 0 ? '✘' : '·';
    const titles = [...this.#mutants.map(({ id }) => id), 'none'];
    const row = (cell: TestCell) =>
      [...this.#mutants, undefined].map((mutant) => mark(this.#known.get(keyOf(cell, mutant))));
    return [
      `| cell | ${titles.join(' | ')} |`,
      `|---|${titles.map(() => ':-:|').join('')}`,
      ...this.#cells.map((cell) => `| ${cell.id} | ${row(cell).join(' | ')} |`),
    ];
  }
}

function keyOf(cell: TestCell, mutant: Mutant | undefined): string {
  return `${cell.id} ${mutant?.id ?? 'none'}`;
}
