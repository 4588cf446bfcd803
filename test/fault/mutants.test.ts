import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { verdictOf } from '../support/mutants/mutant-cell.js';
import { patchProblem } from '../support/mutants/mutant-patch.js';
import { MutantTable } from '../support/mutants/mutant-table.js';
import { CELLS, MUTANTS } from '../support/mutants/mutants.js';

/*
 * Negative controls: sixteen ways to break a guarantee, made of the sources as they are compiled. A cell that does not notice
 * its mutant proves nothing about the sources either. That the unchanged sources
 * pass is what the files of the cells are for; `npm run evidence -- --only mutants` tries every cell on them too, and on every mutant.
 */

const table = new MutantTable(CELLS, MUTANTS);

const cellOf = (id: string) => {
  const cell = CELLS.find((candidate) => candidate.id === id);
  assert.ok(cell, `there is no cell ${id}`);
  return cell;
};

describe('the mutants', { concurrency: 2, ...SUITE_LIMIT }, () => {
  for (const mutant of MUTANTS) {
    it(`${mutant.id}, which ${mutant.title}, is caught by ${mutant.caughtBy}`, LIMIT, async (t) => {
      for (const patch of mutant.patches) assert.equal(patchProblem(patch), undefined);
      const { failed, broken } = await table.verdict(cellOf(mutant.caughtBy), mutant);
      assert.equal(broken, undefined);
      assert.ok(failed.length > 0, 'no test noticed');
      t.diagnostic(`${mutant.id}: ${failed[0]}`);
    });
  }

  it('a cell that could not be run is not taken for one that caught something', () => {
    assert.match(
      verdictOf("not ok 1 - x\n  failureType: 'testCodeFailure'\nSyntaxError: Unexpected token").broken ?? '',
      /SyntaxError/,
    );
    assert.match(verdictOf('# pass 0\n').broken ?? '', /no test ran/);
  });

  after(() => console.log(table.lines().join('\n')));
});
