import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareKeys } from '../../../../src/store/compare-keys.js';
import { OrderedKeys } from '../../../../src/store/log/ordered-keys.js';

/** In no order, and each once. */
const scattered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `k${(Math.imul(index + from, 2654435761) >>> 0).toString(36)}`);

/** One after the other. */
const allOf = (keys: OrderedKeys): string[] => {
  const all: string[] = [];
  for (let key = keys.next('', false); key !== undefined; key = keys.next(key, true)) all.push(key);
  return all;
};

describe('the keys of pending changes', () => {
  it('are in order whenever they are asked for, however many came since', () => {
    const keys = new OrderedKeys();
    const known: string[] = [];
    for (const count of [0, 1, 5, 500, 3, 40, 1000, 1]) {
      for (const key of scattered(count, known.length)) {
        keys.add(key);
        known.push(key);
      }
      assert.deepEqual(allOf(keys), [...known].sort(compareKeys));
    }
  });

  it('are found by where they stand, with what came last', () => {
    const keys = new OrderedKeys();
    for (const key of ['b', 'f', 'd']) keys.add(key);
    assert.equal(keys.next('c', false), 'd');
    assert.equal(keys.next('d', false), 'd');
    assert.equal(keys.next('d', true), 'f');
    for (const key of scattered(100)) keys.add(key);
    keys.add('e');
    assert.equal(keys.next('d', true), 'e');
    assert.equal(keys.next('z', false), undefined);
  });

  it('are ordered by their bytes in UTF-8, and not by units of UTF-16', () => {
    const keys = new OrderedKeys();
    for (const key of ['\u{1f600}', '\uffee', 'a']) keys.add(key);
    assert.deepEqual(allOf(keys), ['a', '\uffee', '\u{1f600}']);
  });
});
