import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  begunAgain,
  type Desired,
  type DesiredState,
  FIRST_DESIRED,
  nextDesired,
} from '../../../../src/cluster/manifest/desired-state.js';

const FAILED: DesiredState = { status: 'failed', error: { code: 'INTERNAL', message: 'broken' } };
const state = (status: 'running' | 'suspended' | 'completed' | 'cancelled'): DesiredState => ({ status });
const at = (now: DesiredState, more: Partial<Desired> = {}): Desired => ({ ...FIRST_DESIRED, state: now, ...more });

test('what has ended does not go on, and what has failed or was cancelled does not complete', () => {
  const states = [state('running'), state('suspended'), state('completed'), state('cancelled'), FAILED];
  const follows = states.map((stored) =>
    states
      .filter((next) => nextDesired(at(stored), { state: next, generation: 1 }) !== undefined)
      .map(({ status }) => status),
  );
  assert.deepEqual(follows, [
    ['suspended', 'completed', 'cancelled', 'failed'],
    ['running', 'completed', 'cancelled', 'failed'],
    ['cancelled', 'failed'],
    [],
    [],
  ]);
});

test('a resume is a new generation, and says how the one before has stopped', () => {
  const suspended = at(state('suspended'), { generation: 4 });
  const ask = { state: state('running'), generation: 4, delivered: true };
  const resumed = nextDesired(suspended, ask);
  assert.deepEqual(resumed, {
    ...suspended,
    ...at(state('running')),
    generation: 5,
    stop: { generation: 4, delivered: true },
  });
  const late = nextDesired(suspended, { ...ask, generation: 3 });
  assert.deepEqual(late?.stop, { generation: 4, delivered: false }, 'who has not seen it stop does not know');
});

test('what is asked of a life that is over changes nothing in the next one', () => {
  const again = begunAgain(at(state('completed')), true);
  assert.ok(again !== undefined);
  assert.deepEqual([again.generation, again.end], [2, { generation: 1, state: state('completed') }]);
  for (const next of [state('suspended'), state('completed'), state('cancelled'), FAILED]) {
    assert.equal(nextDesired(again, { state: next, generation: 1 }), undefined);
    assert.equal(nextDesired(again, { state: next, generation: 2 })?.state, next);
  }
});

test('a resume in between does not part who asks from the life that goes on', () => {
  const resumed = nextDesired(at(state('suspended')), { state: state('running'), generation: 1 });
  assert.ok(resumed !== undefined);
  assert.equal(nextDesired(resumed, { state: state('completed'), generation: 1 })?.state.status, 'completed');
});

test('what has failed is begun again by who brings it, and what was ended on purpose when that is asked for', () => {
  assert.deepEqual(begunAgain(at(FAILED), false)?.end, { generation: 1, state: FAILED });
  for (const ended of [state('completed'), state('cancelled')]) {
    assert.equal(begunAgain(at(ended), false), undefined);
    assert.equal(begunAgain(at(ended), true)?.state.status, 'running');
  }
  for (const going of [state('running'), state('suspended')]) assert.equal(begunAgain(at(going), true), undefined);
});
