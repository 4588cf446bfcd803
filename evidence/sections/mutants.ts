import { MutantTable } from '../../test/support/mutants/mutant-table.js';
import { CELLS, FURTHER_CELLS, MUTANTS } from '../../test/support/mutants/mutants.js';
import type { Section } from '../support/evidence-document.js';
import type { EvidenceOptions } from '../support/evidence-options.js';

/** The kill table. */
export async function mutantsSection(options: EvidenceOptions): Promise<Section> {
  const cells = options.quick ? CELLS.slice(0, 3) : [...CELLS, ...FURTHER_CELLS];
  const table = new MutantTable(cells, MUTANTS);
  options.tell(`${cells.length} cells on ${MUTANTS.length} mutants`);
  await table.complete();
  const survivors = options.quick ? [] : table.survivors();
  return {
    title: 'The tests are tested',
    lines: [
      'A mutant is the source with one way to be wrong, made while a test loads it. A cell is a part of the tests that stands for a',
      'fault. ✘: the cell fails on the mutant, which is its purpose. ·: it passes. The column *none* is the source as it is.',
      '',
      ...MUTANTS.map(({ id, title }) => `- **${id}** ${title}`),
      '',
      ...table.lines(),
      '',
      ...cells.map(({ id, file, test }) => `- **${id}** ${file}${test === undefined ? '' : `, "${test}"`}`),
    ],
    broken: survivors.map(({ id, title }) => `no cell catches ${id}, which ${title}`),
  };
}
