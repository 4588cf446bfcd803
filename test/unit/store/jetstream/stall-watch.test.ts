import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { watchStall } from '../../../../src/store/jetstream/stall-watch.js';

describe('a commit that stalls', () => {
  it('is told after a second, then whenever it has lasted twice as long, and not when it is over', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const told: number[] = [];
    const stop = watchStall((ms) => told.push(ms));
    t.mock.timers.tick(999);
    assert.deepEqual(told, []);
    t.mock.timers.tick(1);
    assert.deepEqual(told, [1_000]);
    t.mock.timers.tick(999);
    t.mock.timers.tick(1);
    t.mock.timers.tick(2_000);
    assert.deepEqual(told, [1_000, 2_000, 4_000]);
    stop();
    t.mock.timers.tick(60_000);
    assert.deepEqual(told, [1_000, 2_000, 4_000]);
  });
});
