import { test } from 'node:test';
import { fc } from '../support/fast-check.js';
import { LIMIT } from '../support/limits.js';
import { EngineRig } from '../support/rigs/engine-rig.js';
import { SeededRandom } from '../support/seeded-random.js';

test(
  'under any schedule, no input is acknowledged before all it led to is delivered, and in the end everything is, once and in order',
  LIMIT,
  () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(200), (seed, steps) => {
        const rig = new EngineRig(new SeededRandom(seed));
        for (let step = 0; step < steps; step += 1) rig.step();
        rig.finish();
        rig.checkEnd();
      }),
      // the example: of two mapAsync stages in a row, the first had to start calls in the room that the second had just made
      { numRuns: 200, examples: [[-1050015228, 18]] },
    );
  },
);
