import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap } from '../../../src/internal/heap.js';
import { SeededRandom } from '../../support/seeded-random.js';

interface Item {
  readonly at: number;
  readonly order: number;
}

const isBefore = (one: Item, other: Item): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

test('a heap gives what is first, by the whole order, whatever is put and dropped meanwhile', () => {
  const random = new SeededRandom(7);
  const heap = new Heap(isBefore);
  const plain: Item[] = [];
  for (let order = 0; order < 5_000; order += 1) {
    if (random.chance(0.6)) {
      const item = { at: random.below(20), order };
      heap.put(item);
      plain.push(item);
      plain.sort((one, other) => (isBefore(one, other) ? -1 : 1));
    } else {
      heap.drop();
      plain.shift();
    }
    assert.equal(heap.first, plain[0]);
    assert.equal(heap.size, plain.length);
  }
  heap.clear();
  assert.equal(heap.first, undefined);
});
