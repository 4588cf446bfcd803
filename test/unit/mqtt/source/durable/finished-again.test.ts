import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toStoredMemory } from '../../../../../src/mqtt/source/durable/stored-memory.js';
import { DurableSourceRig, message } from '../../../../support/rigs/durable-source-rig.js';
import { ack } from '../../../../support/rigs/session-rig.js';
import { Told } from '../../../../support/told.js';

const startCounted = () => {
  const counter = { newest: 0, run: 0, overReconnect: 'counted', free: 0 } as const;
  const memory = toStoredMemory({ finished: new Uint16Array(), counter });
  const state = { epoch: 1, inbound: new Uint16Array(), memory };
  return new DurableSourceRig({ epoch: 1, pages: new Map(), state }).connect(true);
};

/** Id 5 is finished with the text 'a', without a fence. */
const finished = (rig = startCounted()) => {
  rig.serve(message(5, 'a')).poll();
  rig.commit().serve(ack('pubrel', 5)).commit();
  assert.ok(rig.answers().includes('pubcomp 5'));
  return rig;
};

describe('R2b, F4: a new message with a remembered id, and a crash before its commit', () => {
  it('equal bytes, DUP 0: a new message all the same', () => {
    const rig = finished().serve(message(20_000, 'b'), message(40_000, 'c'), message(5, 'a'));
    assert.deepEqual(rig.poll(2), ['b', 'c']);
    const next = rig.commit().crash().connect(true);
    assert.deepEqual(next.serve(message(5, 'a', { dup: true })).poll(), ['a']);
  });

  it('other bytes, and its first copy was lost: DUP 1', () => {
    const rig = finished().serve(message(20_000, 'b'), message(40_000, 'c'));
    assert.deepEqual(rig.poll(), ['b', 'c']);
    rig.commit().cut();
    rig.connect(true).serve(message(5, 'new', { dup: true }));
    const next = rig.commit().crash().connect(true);
    assert.deepEqual(next.serve(message(5, 'new', { dup: true })).poll(), ['new']);
  });

  it('one that may be a copy, and cannot be told, is said again', () => {
    using told = new Told('session-suspect');
    const rig = finished(new DurableSourceRig().connect(false));
    rig.cut();
    rig.connect(true).serve(message(5, 'a', { dup: true }));
    const next = rig.commit().crash().connect(true);
    assert.deepEqual(next.serve(message(5, 'a', { dup: true })).poll(), ['a']);
    assert.equal(told.names.length, 2);
  });
});
