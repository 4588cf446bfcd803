import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { KILL_TABLES } from '../support/mutants/kill-tables.js';
import type { Mutant } from '../support/mutants/mutants.js';

const FOLDER = new URL('../support/mutants/', import.meta.url);

/** Each list of mutants that a file of the folder exports. */
const listsOfMutants = async (): Promise<readonly (readonly Mutant[])[]> => {
  const lists: (readonly Mutant[])[] = [];
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('mutants.ts'))) {
    const name = file.replace(/\.ts$/, '.js');
    const exported: Readonly<Record<string, readonly Mutant[]>> = await import(`../support/mutants/${name}`);
    lists.push(...Object.entries(exported).flatMap(([name, list]) => (name.endsWith('MUTANTS') ? [list] : [])));
  }
  return lists;
};

describe('the kill tables of the evidence', () => {
  it('have every mutant of every list', async () => {
    const lists = await listsOfMutants();
    assert.ok(lists.length >= 5);
    const shown = new Set(KILL_TABLES.flatMap(({ mutants }) => mutants.map(({ id }) => id)));
    const missing = lists.flatMap((list) => list.filter(({ id }) => !shown.has(id)).map(({ id }) => id));
    assert.deepEqual(missing, []);
  });

  it('have the cell that is there to catch it beside each mutant, here or where it is listed first', () => {
    const known = new Set<string>();
    for (const { mutants, cells } of KILL_TABLES) {
      for (const { id } of cells) known.add(id);
      for (const { id, caughtBy } of mutants) assert.ok(known.has(caughtBy), `${id}: there is no cell ${caughtBy}`);
    }
  });
});
