import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import { type CellVerdict, fairVerdict } from '../support/mutants/fair-verdict.js';
import { KILL_TABLES } from '../support/mutants/kill-tables.js';
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

  it('a table has one verdict for each cell and mutant: no two have the same id', () => {
    for (const { introduction, mutants, cells, furtherCells } of KILL_TABLES) {
      for (const all of [mutants, [...cells, ...furtherCells]]) {
        const ids = all.map(({ id }) => id);
        assert.deepEqual(ids, [...new Set(ids)], introduction);
      }
    }
  });

  it('a cell that could not be run is not taken for one that caught something', () => {
    assert.match(
      verdictOf("not ok 1 - x\n  failureType: 'testCodeFailure'\nSyntaxError: Unexpected token").broken ?? '',
      /SyntaxError/,
    );
    assert.match(verdictOf('# pass 0\n').broken ?? '', /no test ran/);
  });

  it('what a cell fails at for want of time counts where the unchanged sources pass in that time', async () => {
    const failed = { passed: 0, failed: ['x'] };
    const passed = { passed: 1, failed: [] };
    /** Each takes a minute, and nothing passes then that waits for less than it takes. */
    const busy = (ofMutant: CellVerdict) => {
      const tried: string[] = [];
      const verdict = fairVerdict(async (on, patienceMs) => {
        tried.push(`${on} ${patienceMs / 1000}`);
        const hasTime = patienceMs > 60_000;
        return { verdict: hasTime ? (on === 'mutant' ? ofMutant : passed) : failed, tookMs: 60_000 };
      });
      return verdict.then((of) => ({ of, tried }));
    };
    const short = ['mutant 20', 'sources 20', 'mutant 40', 'sources 40', 'mutant 80'];
    assert.deepEqual(await busy(passed), { of: passed, tried: short });
    assert.deepEqual(await busy(failed), { of: failed, tried: short });
    const atOnce = async () => ({ verdict: failed, tookMs: 5 });
    assert.deepEqual(await fairVerdict(atOnce), failed);
    const starved = await fairVerdict(async (_, patienceMs) => ({ verdict: failed, tookMs: patienceMs }));
    assert.match(starved.broken ?? '', /too busy/);
    const lasting = await fairVerdict(async (on, patienceMs) => ({
      verdict: on === 'mutant' ? failed : passed,
      tookMs: patienceMs,
    }));
    assert.deepEqual(lasting, failed);
  });

  after(() => console.log(table.lines().join('\n')));
});
