import assert from 'node:assert/strict';
import { it } from 'node:test';
import { WallClock } from '../../../../src/engine/run/wall-clock.js';

const DAY = 24 * 3600_000;
const NOON = Date.UTC(2026, 11, 1, 12);

it('a clock that is set back by a day is told once, and the time of the run stands still until it has caught up', ({
  mock,
}) => {
  const told: number[] = [];
  const clock = new WallClock((byMs) => told.push(byMs));
  let at = NOON;
  mock.method(Date, 'now', () => at);
  const nowAt = (time: number): number => {
    at = time;
    return clock.now();
  };
  assert.equal(nowAt(NOON), NOON);
  // corrected, which is usual
  assert.equal(nowAt(NOON - 500), NOON);
  assert.deepEqual(told, []);
  assert.equal(nowAt(NOON - DAY), NOON);
  assert.equal(nowAt(NOON - DAY + 1000), NOON);
  assert.deepEqual(told, [DAY]);
  assert.equal(nowAt(NOON + 1), NOON + 1);
  assert.equal(nowAt(NOON + DAY), NOON + DAY);
  assert.equal(nowAt(NOON), NOON + DAY);
  assert.deepEqual(told, [DAY, DAY]);
});
