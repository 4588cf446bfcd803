import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTimerFrame } from '../../../../src/engine/tick/lanes/frame.js';
import { rejectedByStage, userFunctionFailure } from '../../../../src/engine/tick/user-function-failure.js';

describe('a failure at early results', () => {
  const stage = { name: 'minutes', fires: 'windows', early: true } as const;
  const frame = createTimerFrame(stage, [{ key: 'pump', name: 'early', at: 60 }]);
  const at = { frame, origin: 0 };

  it('gives them up, and says that the window goes on', () => {
    const { message, advice } = rejectedByStage('minutes', new Error('no result'), at);
    assert.match(message, /failed at the early results of key "pump" in stage "minutes", due at 60: no result/);
    assert.match(advice ?? '', /^The early results were given up, .* The window goes on\.$/);
  });

  it('fails the job with what becomes of the window', () => {
    const { advice } = userFunctionFailure('minutes', new Error('no result'), at);
    assert.match(advice ?? '', /by which such early results are given up\. With a store the window is kept/);
  });
});
