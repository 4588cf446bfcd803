import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Beat } from '../../../../src/cluster/claims/change.js';
import { stateAt } from '../../../../src/cluster/engine/inspect-job.js';

const beat: Beat = {
  node: 'a',
  run: 1,
  count: 5,
  leaseMs: 3000,
  accepts: true,
  running: [0],
  restarting: [1],
  ended: [],
  unfit: [],
  warm: [],
  behind: [],
};

test('a partition that failed and waits to be opened again is restarting, and what a silent owner has is claimed', () => {
  const states = (silentMs: number | undefined) => [0, 1, 2].map((partition) => stateAt({ beat, silentMs }, partition));
  assert.deepEqual(states(10), ['running', 'restarting', 'claimed']);
  assert.deepEqual(states(undefined), ['claimed', 'claimed', 'claimed']);
  assert.equal(stateAt(undefined, 0), 'claimed');
});
