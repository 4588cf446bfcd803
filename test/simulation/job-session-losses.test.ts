import { test } from 'node:test';
import { playSeeds } from '../support/sim-seeds.js';

test('over lost sessions nothing is lost or doubled but what was in doubt, as the policy says', {
  timeout: 170_000,
}, async (t) => {
  await playSeeds(t, 'losses', { sample: 120, full: 3000 });
});
