import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type QueuedRow, RowQueue } from '../../../../../src/postgres/sink/writing/row-queue.js';

interface Row extends QueuedRow {
  readonly n: number;
}

const queueOf = (count: number, bytes = 1): RowQueue<Row> => {
  const queue = new RowQueue<Row>({ batchSize: 8, batchBytes: 100, batches: 2 });
  for (let n = 0; n < count; n += 1) queue.add({ json: new Uint8Array(), bytes, n });
  return queue;
};

const numbers = (rows: readonly Row[]): number[] => rows.map(({ n }) => n);

describe('RowQueue', () => {
  it('a batch is bounded in rows and in bytes, and has one row at least', () => {
    assert.deepEqual(numbers(queueOf(20).batch()), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(numbers(queueOf(20, 30).batch()), [0, 1, 2]);
    assert.deepEqual(numbers(queueOf(3, 1_000).batch()), [0]);
    assert.deepEqual(numbers(queueOf(0).batch()), []);
  });

  it('it is full at so many batches, in rows or in bytes, and tells once when there is room that was asked for', () => {
    assert.equal(queueOf(7, 30).hasRoom(), false);
    const queue = queueOf(16);
    assert.equal(queue.takeRoom(), false);
    assert.equal(queue.hasRoom(), false);
    assert.equal(queue.takeRoom(), false);
    queue.take(1);
    assert.equal(queue.hasRoom(), true);
    assert.equal(queue.takeRoom(), true);
    assert.equal(queue.takeRoom(), false);
  });

  it('a batch with a bad row is halved until that stands alone, and the next ones grow again', () => {
    const queue = queueOf(16);
    const sizes: number[] = [];
    // row 5 is bad
    for (let batch = queue.batch(); batch.length > 0; batch = queue.batch()) {
      sizes.push(batch.length);
      const isBad = numbers(batch).includes(5);
      if (isBad && queue.halve(batch.length)) continue;
      queue.grow();
      queue.take(batch.length);
      if (isBad) assert.deepEqual(numbers(batch), [5]);
    }
    assert.deepEqual(sizes, [8, 4, 8, 4, 2, 1, 2, 1, 2, 4, 4]);
  });
});
