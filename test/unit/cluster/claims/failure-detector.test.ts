import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureDetector } from '../../../../src/cluster/claims/failure-detector.js';

const LEASE = 3000;

const sign = (count: number, run = 1, leaseMs = LEASE) => ({ run, count, leaseMs });

/** One that looks every 500 ms. */
const watcher = (startsAt = 0) => {
  const detector = new FailureDetector(LEASE);
  let now = startsAt;
  detector.look(now);
  const watchUntil = (then: number) => {
    while (now < then) {
      now = Math.min(now + 500, then);
      detector.look(now);
    }
  };
  return { detector, watchUntil };
};

test('a node is gone when no beat of it was seen for a lease, and not before', () => {
  const { detector, watchUntil } = watcher();
  detector.saw('a', sign(1));
  watchUntil(LEASE - 1);
  assert.equal(detector.isAlive('a'), true);
  watchUntil(LEASE);
  assert.equal(detector.isAlive('a'), false);
  assert.equal(detector.silentMs('a'), LEASE);
});

test('a beat that is new keeps a node alive; one that was seen before does not, nor one before that', () => {
  const { detector, watchUntil } = watcher();
  detector.saw('new', sign(7));
  detector.saw('again', sign(7));
  detector.saw('older', sign(7));
  watchUntil(2000);
  detector.saw('new', sign(8));
  detector.saw('again', sign(7));
  detector.saw('older', sign(6));
  watchUntil(LEASE);
  assert.deepEqual(
    ['new', 'again', 'older'].map((node) => detector.isAlive(node)),
    [true, false, false],
  );
});

test('another run of a node is a sign of life, wherever it counts', () => {
  const { detector, watchUntil } = watcher();
  detector.saw('a', sign(900, 1));
  watchUntil(2000);
  detector.saw('a', sign(0, 2));
  watchUntil(LEASE);
  assert.equal(detector.isAlive('a'), true);
});

test('C6: where the clock of the watcher starts makes no difference', () => {
  for (const startsAt of [-86_400_000, 0, 1e15]) {
    const { detector, watchUntil } = watcher(startsAt);
    detector.saw('a', sign(1));
    watchUntil(startsAt + LEASE - 1);
    assert.equal(detector.isAlive('a'), true);
    watchUntil(startsAt + LEASE);
    assert.equal(detector.isAlive('a'), false);
  }
});

test('a watch that was interrupted gives everybody one lease', () => {
  const { detector, watchUntil } = watcher();
  detector.saw('a', sign(1));
  watchUntil(2500);
  detector.restart();
  watchUntil(2500 + LEASE - 1);
  assert.equal(detector.isAlive('a'), true);
  watchUntil(2500 + LEASE);
  assert.equal(detector.isAlive('a'), false);
});

test('a pause of the watcher itself is not held against others', () => {
  const { detector, watchUntil } = watcher();
  detector.saw('a', sign(1));
  watchUntil(500);
  detector.look(3_600_000);
  assert.equal(detector.isAlive('a'), true);
  assert.equal(detector.silentMs('a'), 500 + LEASE / 4);
});

test('a node that said that it leaves is gone at once, one that was never seen is not alive', () => {
  const { detector } = watcher();
  detector.saw('a', sign(1));
  detector.left('a');
  assert.deepEqual([detector.isAlive('a'), detector.isAlive('b')], [false, false]);
});

test('it is looked again before a look would count as a pause', () => {
  const detector = new FailureDetector(LEASE);
  assert.equal(detector.deadline(), undefined);
  detector.look(100);
  assert.equal(detector.deadline(), 100 + LEASE / 4);
});

test('a former run is no sign of life, however far it has counted', () => {
  const { detector, watchUntil } = watcher();
  detector.saw('a', sign(0, 2));
  watchUntil(2000);
  detector.saw('a', sign(900, 1));
  watchUntil(LEASE);
  assert.equal(detector.isAlive('a'), false);
});

test('each node is judged by the lease that it names, so that nodes with different ones can be together', () => {
  const { detector, watchUntil } = watcher();
  detector.saw('slow', sign(1, 1, 10 * LEASE));
  detector.saw('quick', sign(1, 1, LEASE / 3));
  watchUntil(LEASE / 3);
  assert.deepEqual([detector.isAlive('slow'), detector.isAlive('quick')], [true, false]);
  watchUntil(10 * LEASE);
  assert.equal(detector.isAlive('slow'), false);
});
