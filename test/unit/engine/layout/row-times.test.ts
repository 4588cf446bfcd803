import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RowTimes, storedAt, timesFrom, withRowsStored } from '../../../../src/engine/layout/values/row-times.js';

const HOUR_S = 3600;

/** Rows that were stored one a second. */
const onePerSecond = (seconds: number): RowTimes => {
  let times: RowTimes = [];
  for (let second = 0; second < seconds; second += 1) times = withRowsStored(times, second, (1000 + second) * 1000);
  return times;
};

describe('the times of the rows of an outbox', () => {
  it('say to a second when the oldest was stored that nothing takes away, however many follow for however long', () => {
    const times = onePerSecond(24 * HOUR_S);
    assert.ok(times.length <= 64, `${times.length / 2} entries`);
    assert.equal(storedAt(times, 0), 1_000_000);
    assert.equal(storedAt(times, 24 * HOUR_S - 1), (1000 + 24 * HOUR_S - 1) * 1000);
  });

  it('are never later than a row, and make it at most twice as old as it is while a backlog of a day goes out', () => {
    const length = 24 * HOUR_S;
    const times = onePerSecond(length);
    for (let low = 0; low < length; low += 97) {
      const told = (storedAt(timesFrom(times, low), low) ?? 0) / 1000;
      const [stored, age] = [1000 + low, length - low];
      assert.ok(told <= stored && stored - told <= age + 1, `row ${low}: ${told}, and it was ${stored}`);
    }
  });

  it('have one entry for the rows of a second, or of a clock that was set back, and none for what is gone', () => {
    let times = withRowsStored([], 0, 5000);
    assert.equal(withRowsStored(times, 1, 5999), times);
    assert.equal(withRowsStored(times, 1, 3000), times);
    times = withRowsStored(times, 2, 6000);
    assert.deepEqual([storedAt(times, 1), storedAt(times, 2), storedAt(times, 9)], [5000, 6000, 6000]);
    assert.deepEqual(timesFrom(times, 1), times);
    assert.deepEqual(timesFrom(times, 2), [2, 6]);
  });

  it('say nothing of rows that were stored before there were any', () => {
    assert.equal(storedAt([], 5), undefined);
    assert.equal(storedAt(withRowsStored([], 7, 5000), 6), undefined);
  });
});
