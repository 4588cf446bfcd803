import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IdColumn } from '../../../../../../src/mqtt/protocol/session/inbound/id-column.js';
import { areIdRuns, fromIdRuns } from '../../../../../../src/mqtt/protocol/session/inbound/id-runs.js';
import { fc } from '../../../../../support/fast-check.js';

const runsOf = (ids: readonly number[]): Uint16Array => {
  const column = new IdColumn();
  ids.forEach((id, index) => {
    column.set(index, id);
  });
  return column.runs(ids.length);
};

describe('packet ids as runs', () => {
  it('ids in any order come back in their order', () => {
    const ids = fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 65_535 })));
    fc.assert(
      fc.property(ids, (chosen) => {
        const runs = runsOf(chosen);
        assert.ok(areIdRuns(runs));
        assert.deepEqual(fromIdRuns(runs), chosen);
      }),
    );
  });

  it('ids that a broker counts up are two numbers, and two more where it starts again', () => {
    const ids = Array.from({ length: 65_535 }, (_, index) => ((index + 999) % 65_535) + 1);
    assert.deepEqual([...runsOf(ids)], [1000, 64_536, 1, 999]);
  });

  it('ids that are left where others went away are asked for anew', () => {
    const column = new IdColumn();
    for (let index = 0; index < 1024; index += 1) column.set(index, index + 1);
    assert.deepEqual([...column.runs(1024)], [1, 1024]);
    column.keep(Array.from({ length: 512 }, (_, index) => index + 300));
    assert.deepEqual([...column.runs(512)], [301, 512]);
  });

  it('what cannot be runs is known', () => {
    for (const runs of [[1], [0, 1], [5, 0], [65_535, 2], [1, 1, 7]]) assert.ok(!areIdRuns(Uint16Array.from(runs)));
    assert.ok(areIdRuns(Uint16Array.from([65_535, 1, 1, 65_535])));
  });
});
