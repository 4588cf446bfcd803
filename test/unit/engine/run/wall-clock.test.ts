import assert from 'node:assert/strict';
import { it } from 'node:test';
import { WallClock } from '../../../../src/engine/run/wall-clock.js';

const DAY = 24 * 3600_000;
const NOON = Date.UTC(2026, 11, 1, 12);

it('a clock that is set back by a day is told once, and the time of the run stands still until it has caught up', ({
  mock,
}) => {
  const told: number[] = [];
  const clock = new WallClock({ onSetBack: (byMs) => told.push(byMs), onSetAhead: () => {} });
  let at = NOON;
  mock.method(Date, 'now', () => at);
  const nowAt = (time: number): number => {
    at = time;
    return clock.now(performance.now());
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

it('a clock that goes ahead by more than has passed is told each time; one that has only caught up is not', ({
  mock,
}) => {
  const told: number[] = [];
  const clock = new WallClock({ onSetBack: () => {}, onSetAhead: (byMs) => told.push(byMs) });
  let at = NOON;
  let passed = 0;
  mock.method(Date, 'now', () => at);
  const look = (time: number, passedMs: number): void => {
    at = time;
    passed += passedMs;
    clock.now(passed);
  };
  look(NOON, 0);
  look(NOON + DAY, DAY);
  look(NOON + DAY + 60_000, 0);
  assert.deepEqual(told, [], 'nobody has set it, or it was corrected');
  look(NOON + 3 * DAY, 1000);
  assert.deepEqual(told, [2 * DAY - 61_000]);
  look(NOON, 1000);
  look(NOON + 3 * DAY + 1000, 1000);
  assert.deepEqual(told, [2 * DAY - 61_000], 'the time of the run goes on where it stood');
});

it('a time of a run that stands still is waited for until the clock has caught up', ({ mock }) => {
  const clock = new WallClock({ onSetBack: () => {}, onSetAhead: () => {} });
  let at = NOON;
  mock.method(Date, 'now', () => at);
  clock.now(0);
  at = NOON - DAY;
  assert.equal(clock.until(clock.now(1) + 1), DAY + 1);
  // a time that is less than a millisecond away is not past once the clock says the next one
  at = NOON + 1;
  const soon = clock.now(2) + 0.3;
  at += 1;
  assert.equal(clock.until(soon), soon - (NOON + 1));
});
