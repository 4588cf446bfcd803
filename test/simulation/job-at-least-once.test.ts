import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT } from '../support/limits.js';
import { playSeeds } from '../support/sim/sim-seeds.js';

test(
  'at least once: at QoS 1, on RabbitMQ too, nothing is lost in any history, and duplicates are counted',
  LIMIT,
  async (t) => {
    const outcomes = await playSeeds(t, 'at-least-once', { sample: 100, full: 6250 });
    const duplicates = outcomes.reduce((sum, outcome) => sum + outcome.duplicates, 0);
    if (outcomes.length >= 100) assert.ok(duplicates > 0, 'faults that lead to duplicates have hit');
  },
);
