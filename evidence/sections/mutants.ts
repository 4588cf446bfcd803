import type { KillTable } from '../../test/support/mutants/kill-tables.js';
import { MutantTable } from '../../test/support/mutants/mutant-table.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';

/** Cells of each table in a quick run. */
const FEW = 3;

/** A kill table as a part of a section. */
export interface KillLines {
  /** What the mutants are, what became of them, and what the cells are. */
  readonly lines: readonly string[];
  /** Mutants that nothing has caught. */
  readonly broken: readonly string[];
}

/** Tries each mutant on each cell of its table. Rejects when a cell fails on the unchanged sources. */
export async function killLines(kills: KillTable, options: EvidenceOptions): Promise<KillLines> {
  const { mutants } = kills;
  const cells = options.quick ? kills.cells.slice(0, FEW) : [...kills.cells, ...kills.furtherCells];
  const table = new MutantTable(cells, mutants);
  options.tell(`${kills.introduction} ${cells.length} cells on ${mutants.length} mutants`);
  await table.complete();
  return {
    lines: [
      ...mutants.map(({ id, title }) => `- **${id}** ${title}`),
      '',
      ...table.lines(),
      '',
      ...cells.map(({ id, file, test }) => `- **${id}** ${file}${test === undefined ? '' : `, "${test}"`}`),
    ],
    broken: options.quick ? [] : table.survivors().map(({ id, title }) => `no cell catches ${id}, which ${title}`),
  };
}

/** One kill table as a section. */
export const mutantsSection =
  (title: string, kills: KillTable) =>
  async (options: EvidenceOptions): Promise<Section> => {
    const { lines, broken } = await killLines(kills, options);
    const explained = [
      'A mutant is the source with one way to be wrong, made while a test loads it. A cell is a part of the tests that stands for a',
      'fault. ✘: the cell fails on the mutant, which is its purpose. ·: it passes. The column *none* is the source as it is.',
    ];
    return { title, lines: [...explained, '', kills.introduction, '', ...lines], broken };
  };
