import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leftOut } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { runCell } from '../support/mutants/mutant-cell.js';
import { patchProblem } from '../support/mutants/mutant-patch.js';
import { STORE_CELLS, STORE_MUTANTS } from '../support/mutants/store-mutants.js';
import { withoutStrace } from '../support/store/run-store-writer.js';

/* Negative controls of what a store in a directory rests on, as `mutants.test.ts` has them of the others: every second one, all in a full run. */

describe('the mutants of a store in a directory', { concurrency: 2, ...SUITE_LIMIT }, () => {
  for (const [index, { id, title, caughtBy, patches }] of STORE_MUTANTS.entries()) {
    it(`${id}, which ${title}, is caught by the cell "${caughtBy}"`, {
      ...LIMIT,
      skip: withoutStrace || leftOut(index),
    }, async (t) => {
      for (const patch of patches) assert.equal(patchProblem(patch), undefined);
      const cell = STORE_CELLS.find((candidate) => candidate.id === caughtBy);
      assert.ok(cell, `there is no cell ${caughtBy}`);
      const { failed, broken } = await runCell(cell, patches);
      assert.equal(broken, undefined);
      assert.ok(failed.length > 0, 'no test noticed');
      t.diagnostic(`${id}: ${failed[0]}`);
    });
  }
});
