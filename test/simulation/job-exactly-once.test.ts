import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT } from '../support/limits.js';
import { BURST } from '../support/sim/sim-plan.js';
import { firedIn, playSeeds } from '../support/sim/sim-seeds.js';

/*
 * A job that counts by key and sends on, the real program over a simulated network, disk, clock and two brokers. One seed is one
 * history of kills, cuts at any byte or packet, broker restarts, failing and slow disks, small windows and full outboxes, of functions that
 * throw now and then, and of messages that lead to more outputs than one commit may have.
 */

test(
  'exactly once: in every history each message changes the state once and reaches the other broker once and in order',
  LIMIT,
  async (t) => {
    const outcomes = await playSeeds(t, 'exactly-once', { sample: 100, full: 8500 });
    if (outcomes.length < 100) return;
    const failures = outcomes.reduce((sum, one) => sum + one.failures, 0);
    assert.ok(failures >= 50, `functions failed ${failures} times`);
    const bursts = outcomes.filter(({ plan, commits }) => plan.copies === BURST && commits > 10).length;
    assert.ok(bursts >= 5, `${bursts} histories with outputs of one message in many commits`);
    const fired = firedIn(outcomes);
    for (const kind of [
      'kill',
      'kill-at-io',
      'kill-at-packet',
      'sever-at-packet',
      'cut',
      'stall',
      'stop',
      'broker',
    ] as const) {
      assert.ok((fired.get(kind) ?? 0) >= 10, `${kind} hit ${fired.get(kind) ?? 0} times`);
    }
  },
);
