import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OutboundWindow,
  PUBLISH_IDS,
  packetIdOf,
} from '../../../../../../src/mqtt/protocol/session/outbound/outbound-window.js';
import { ack, outbound, SessionRig } from '../../../../../support/rigs/session-rig.js';
import { SeededRandom } from '../../../../../support/seeded-random.js';

const REFUSED = 0x97;

test('R20: a refused message is published again under its own packet id, as a new message, below later numbers', () => {
  const rig = new SessionRig().connect().forget();
  for (const seq of [0, 1, 2]) rig.session.publish(outbound(seq, 2));
  rig.serve(ack('pubrec', packetIdOf(1), REFUSED));
  assert.deepEqual(rig.forget().answers(), []);
  rig.session.publishLate(outbound(1, 2));
  assert.deepEqual(rig.answers(), ['publish 2'], 'DUP 0');
  rig.serve(ack('pubrec', packetIdOf(1)));
  rig.session.release(1);
  rig.serve(ack('pubcomp', packetIdOf(1)));
  assert.equal(rig.session.inflight, 2);
});

test('a late message below all that are in flight goes out again first after a cut', () => {
  const rig = new SessionRig().connect().forget();
  for (const seq of [0, 1, 2]) rig.session.publish(outbound(seq, 2));
  rig.serve(ack('pubrec', packetIdOf(0), REFUSED));
  rig.session.publishLate(outbound(0, 2));
  rig.cut();
  rig.forget().connect({}, { sessionPresent: true });
  assert.deepEqual(rig.answers(), ['connect', 'publish+ 1', 'publish+ 2', 'publish+ 3']);
});

test('a number in flight cannot be taken again, nor one that is none', () => {
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(7, 1));
  for (const seq of [7, -1, 8.5, Number.NaN]) {
    assert.throws(() => rig.session.publishLate(outbound(seq, 1)), { code: 'INVALID_STATE' });
  }
});

test('R8a: late numbers too stay within 60000 of all that are in flight', () => {
  const rig = new SessionRig({ maxInflight: 59_999 }).connect().forget();
  rig.session.publish(outbound(PUBLISH_IDS, 1));
  assert.throws(() => rig.session.publishLate(outbound(0, 1)), { code: 'INVALID_STATE' });
  rig.session.publishLate(outbound(1, 1));
  assert.equal(rig.session.credit, 0);
});

test('the window stays right when numbers come and go in any order', () => {
  const random = new SeededRandom(7);
  const window = new OutboundWindow();
  const held = new Set<number>();
  let base = 59_000;
  for (let round = 0; round < 20_000; round += 1) {
    base += random.below(3);
    const seq = base + random.below(500);
    if (held.has(seq)) {
      held.delete(seq);
      window.remove(seq);
    } else if (held.size < 300) {
      held.add(seq);
      window.add(outbound(seq, 1), 'sent');
    }
    if (held.size > 290) for (const old of [...held].slice(0, 200)) if (held.delete(old)) window.remove(old);
    assert.equal(window.size, held.size);
  }
  assert.deepEqual(
    [...window.entries()].map(({ message }) => message.seq),
    [...held].sort((a, b) => a - b),
  );
  for (const seq of held) assert.equal(window.withId(packetIdOf(seq))?.message.seq, seq);
});
