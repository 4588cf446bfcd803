import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetainedRows } from '../../../../../src/mqtt/source/table/retained-rows.js';

const row = (topic: string, bytes = 10, expiresAtMs?: number) => ({ topic, value: topic, bytes, expiresAtMs });

describe('rows of retained messages', () => {
  it('are bounded by their number and by their bytes; a row that finds no room takes the earlier one of its key away', () => {
    const rows = new RetainedRows<string, string>({ maxRows: 3, maxBytes: 100 }, () => 0);
    assert.deepEqual(
      [row('a', 40), row('b', 40), row('c', 40), row('d', 20)].map((one) => rows.set(one.topic, one)),
      [true, true, false, true],
    );
    assert.deepEqual([rows.size, rows.bytes], [3, 100]);
    assert.equal(rows.set('e', row('e', 0)), false, 'three are there');
    assert.equal(rows.set('d', row('d', 21)), false);
    assert.deepEqual([rows.get('d'), rows.size, rows.bytes], [undefined, 2, 80]);
    assert.equal(rows.set('a', row('a', 60)), true);
    assert.equal(rows.bytes, 100);
    rows.remove('b', 'b');
    assert.deepEqual([rows.size, rows.bytes], [1, 60]);
  });

  it('that have expired are there no more, and make room (R23)', () => {
    let now = 0;
    const rows = new RetainedRows<string, string>({ maxRows: 2, maxBytes: 100 }, () => now);
    rows.set('a', row('a', 10, 1000));
    rows.set('b', row('b', 10, 2000));
    now = 999;
    assert.deepEqual([rows.get('a'), rows.set('c', row('c'))], ['a', false]);
    now = 1000;
    assert.equal(rows.set('c', row('c')), true);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => rows.get(key)),
      [undefined, 'b', 'c'],
    );
    now = 2000;
    assert.deepEqual([rows.get('b'), rows.size, rows.bytes], [undefined, 1, 10]);
  });
});
