import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT } from '../support/limits.js';
import { firedIn, playSeeds } from '../support/sim/sim-seeds.js';

/*
 * C3. As in `job-exactly-once.test.ts`, over a store that another process takes over while its owner lives, stands still, or has a CONNECT on
 * its way that arrives when the other one has the session.
 */

test(
  'over takeovers nothing is lost, doubled or out of order, and who was taken over ends as fenced',
  LIMIT,
  async (t) => {
    const outcomes = await playSeeds(t, 'takeovers', { sample: 60, full: 4000 });
    if (outcomes.length < 60) return;
    const takeovers = firedIn(outcomes).get('takeover') ?? 0;
    assert.ok(takeovers >= outcomes.length, `only ${takeovers} takeovers`);
  },
);
