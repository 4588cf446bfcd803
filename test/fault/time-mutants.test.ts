import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leftOut } from '../support/full-run.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { runCell } from '../support/mutants/mutant-cell.js';
import { patchProblem } from '../support/mutants/mutant-patch.js';
import { TIME_CELLS, TIME_MUTANTS } from '../support/mutants/time-mutants.js';

/* Negative controls of what timers, event time and windows rest on, as `mutants.test.ts` has them of the others: every second one, all in a full run. */

describe('the mutants of time', { concurrency: 2, ...SUITE_LIMIT }, () => {
  for (const [index, { id, title, caughtBy, patches }] of TIME_MUTANTS.entries()) {
    it(`${id}, which ${title}, is caught by the cell "${caughtBy}"`, { ...LIMIT, skip: leftOut(index) }, async (t) => {
      for (const patch of patches) assert.equal(patchProblem(patch), undefined);
      const cell = TIME_CELLS.find((candidate) => candidate.id === caughtBy);
      assert.ok(cell, `there is no cell ${caughtBy}`);
      const { failed, broken } = await runCell(cell, patches);
      assert.equal(broken, undefined);
      assert.ok(failed.length > 0, 'no test noticed');
      t.diagnostic(`${id}: ${failed[0]}`);
    });
  }
});
