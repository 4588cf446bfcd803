import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnFitness } from '../../../../src/cluster/claims/own-fitness.js';

test('others come first for twice as long each time, whichever partition fails, up to half an hour', () => {
  const fitness = new OwnFitness();
  const times = [0, 1, 0, 2, 0, 1, 0].map((partition) => fitness.failed(partition, 0));
  assert.deepEqual(times, [60_000, 120_000, 240_000, 480_000, 960_000, 1_800_000, 1_800_000]);
});

test('a partition is unfit until its time is over, and what ran well begins anew', () => {
  const fitness = new OwnFitness();
  fitness.failed(0, 1000);
  fitness.failed(1, 1000);
  assert.deepEqual(fitness.unfit(60_999), [0, 1]);
  assert.deepEqual(fitness.unfit(61_000), [1]);
  fitness.proved(1);
  assert.deepEqual(fitness.unfit(61_000), []);
  assert.equal(fitness.failed(1, 61_000), 120_000, 'partition 0 has proved nothing');
  fitness.proved(0);
  fitness.proved(1);
  assert.equal(fitness.failed(1, 61_000), 60_000);
});
