import { CLUSTER_CELLS, CLUSTER_MUTANTS, FURTHER_CLUSTER_CELLS } from '../../test/support/mutants/cluster-mutants.js';
import type { TestCell } from '../../test/support/mutants/mutant-cell.js';
import { MutantTable } from '../../test/support/mutants/mutant-table.js';
import { CELLS, FURTHER_CELLS, MUTANTS, type Mutant } from '../../test/support/mutants/mutants.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';

/** What the mutants are, what became of them, and what the cells are. */
export const mutantLines = (
  table: MutantTable,
  cells: readonly TestCell[],
  mutants: readonly Mutant[],
): readonly string[] => [
  ...mutants.map(({ id, title }) => `- **${id}** ${title}`),
  '',
  ...table.lines(),
  '',
  ...cells.map(({ id, file, test }) => `- **${id}** ${file}${test === undefined ? '' : `, "${test}"`}`),
];

/** Of those that a job on one node can have, the one that is about several. */
const UNPROVEN = 'M14';

/** The kill tables. */
export async function mutantsSection(options: EvidenceOptions): Promise<Section> {
  const cells = options.quick ? CELLS.slice(0, 3) : [...CELLS, ...FURTHER_CELLS];
  const table = new MutantTable(cells, MUTANTS);
  options.tell(`${cells.length} cells on ${MUTANTS.length} mutants`);
  await table.complete();
  const clusterCells = options.quick ? CLUSTER_CELLS : [...CLUSTER_CELLS, ...FURTHER_CLUSTER_CELLS];
  const clusterMutants = [...MUTANTS.filter(({ id }) => id === UNPROVEN), ...CLUSTER_MUTANTS];
  const clusterTable = new MutantTable(clusterCells, clusterMutants);
  options.tell(`${clusterCells.length} cells on ${clusterMutants.length} mutants of a cluster`);
  await clusterTable.complete();
  const survivors = options.quick ? [] : [...table.survivors(), ...clusterTable.survivors()];
  return {
    title: 'The tests are tested',
    lines: [
      'A mutant is the source with one way to be wrong, made while a test loads it. A cell is a part of the tests that stands for a',
      'fault. ✘: the cell fails on the mutant, which is its purpose. ·: it passes. The column *none* is the source as it is.',
      '',
      ...mutantLines(table, cells, MUTANTS),
      '',
      'And what a job on several nodes rests on, broken one way at a time:',
      '',
      ...mutantLines(clusterTable, clusterCells, clusterMutants),
    ],
    broken: survivors.map(({ id, title }) => `no cell catches ${id}, which ${title}`),
  };
}
