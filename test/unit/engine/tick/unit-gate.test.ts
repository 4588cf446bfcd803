import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RetryStrategies } from '../../../../src/connector/retry/retry-strategies.js';
import { DirectCallLane } from '../../../../src/engine/direct/call-lane.js';
import { NO_UNIT, type Unit } from '../../../../src/engine/tick/unit.js';
import { UnitGate } from '../../../../src/engine/tick/unit-gate.js';
import { MillraceError } from '../../../../src/errors/index.js';

const lane = (name: string): DirectCallLane =>
  new DirectCallLane({
    vertex: 0,
    name,
    maxConcurrency: 1,
    codec: { version: 0, encode: () => new Uint8Array(), decode: () => undefined },
    fragment: {
      outlets: [],
      takeLate: () => [],
      run: () => ({ next: 0, paused: false, failure: undefined, rejected: [] }),
    },
    downstream: { sinks: [], asyncStages: [], stages: [] },
    retry: { retryStrategy: RetryStrategies.never(), classifyErrorFn: undefined },
    timeoutMs: Number.POSITIVE_INFINITY,
    call: () => undefined,
  });

const failed = (message: string): MillraceError => new MillraceError('INTERNAL', message);

/** A unit that notes what is done with it. */
const noting = (end: () => void = () => {}) => {
  const done: string[] = [];
  const note = (what: string) => () => void done.push(what);
  const unit: Unit = { exclusive: true, on: true, begin: note('begin'), undo: note('undo'), end };
  return { unit, done };
};

describe('the gate of units', () => {
  it('lets nobody work beside the unit under way, which comes to its end though the run is halted', () => {
    const gate = new UnitGate({ ...NO_UNIT, exclusive: true });
    const [one, other] = [lane('one'), lane('other')];
    gate.pass(one, true);
    gate.halt(failed('elsewhere'));
    assert.deepEqual([gate.mayWork(one), gate.mayWork(other), gate.midUnit], [true, false, true]);
    gate.pass(one, false);
    assert.deepEqual([gate.mayWork(one), gate.mayWork(other), gate.midUnit], [false, false, false]);
  });

  it('lets all lanes work at once where units are not exclusive', () => {
    const gate = new UnitGate(NO_UNIT);
    gate.pass(lane('one'), true);
    assert.ok(gate.mayWork(lane('other')));
    assert.ok(!gate.midUnit);
  });

  it('undoes a failed unit that can be undone, and keeps what was done before it', () => {
    const { unit, done } = noting();
    const gate = new UnitGate(unit);
    gate.begin();
    gate.fail(failed('an item'), true);
    assert.deepEqual(done, ['begin', 'undo']);
    assert.deepEqual([gate.halted?.message, gate.spoilt], ['an item', false]);
  });

  it('spoils the run where a failed unit cannot be undone, and keeps the first reason', () => {
    const gate = new UnitGate(NO_UNIT);
    gate.fail(failed('first'), false);
    gate.fail(failed('second'), true);
    assert.deepEqual([gate.halted?.message, gate.spoilt], ['first', true]);
  });

  it('takes a unit that cannot be stored for a failed one', () => {
    const { unit, done } = noting(() => {
      throw failed('too large');
    });
    const gate = new UnitGate(unit);
    assert.equal(gate.end(), false);
    assert.deepEqual([done, gate.halted?.message, gate.spoilt], [['undo'], 'too large', false]);
  });
});
