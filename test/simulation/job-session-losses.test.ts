import { test } from 'node:test';
import { LIMIT } from '../support/limits.js';
import { playSeeds } from '../support/sim/sim-seeds.js';

test('over lost sessions nothing is lost or doubled but what was in doubt, as the policy says', LIMIT, async (t) => {
  await playSeeds(t, 'losses', { sample: 60, full: 6250 });
});
