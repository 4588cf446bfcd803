import { test } from 'node:test';
import { FAMILY_LIMIT_MS, playSeeds } from '../support/sim-seeds.js';

test('over lost sessions nothing is lost or doubled but what was in doubt, as the policy says', {
  timeout: FAMILY_LIMIT_MS,
}, async (t) => {
  await playSeeds(t, 'losses', { sample: 120, full: 3000 });
});
