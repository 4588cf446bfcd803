import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ArmedTimers } from '../../../../src/engine/state/armed-timers.js';
import { StateCodecs } from '../../../../src/pipeline/index.js';
import { IndexedTimers } from '../../../../src/pipeline/timers/indexed-timers.js';
import { MemoryTimerIndex } from '../../../../src/pipeline/timers/memory-timer-index.js';

const empty = { get: () => undefined };
const stage = { name: 'windows', codec: StateCodecs.structuredClone(), timed: true, windows: { lengths: [10, 1] } };
const timersOfWindows = () =>
  new IndexedTimers(new ArmedTimers({ stage, states: empty, overlay: empty }), new MemoryTimerIndex(), 0);

it('TM11: a timer of a window is set to an earlier time, and anew when it has fired; to a later one, or beside another, it is a bug that is told', () => {
  const timers = timersOfWindows();
  for (const at of [30, 20]) timers.set('a', 'end', at);
  assert.deepEqual(timers.due(20, 1), [{ key: 'a', name: 'end', at: 20 }]);
  timers.clear('a', 'end');
  timers.set('a', 'end', 40);
  assert.equal(timers.nextAt(), 40);
  const bug = { code: 'INTERNAL', message: /^TM11: a window has one timer, which is never set to a later time/ };
  assert.throws(() => timers.set('a', 'end', 50), bug);
  assert.throws(() => timers.set('a', 'other', 45), bug);
});
