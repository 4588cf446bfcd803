import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet, SessionState } from '../../src/protocol/index.js';
import { sessionProof } from '../../src/protocol/session/session-proof.js';
import { ack, inbound, outbound, SessionRig } from '../support/rigs/session-rig.js';

const UNPROVEN = { unproven: true } as const;
const PRESENT = { sessionPresent: true } as const;

/** One row of each kind: sent, received, released, and two inbound ids. */
const PAST: SessionState = {
  epoch: 4,
  inbound: [
    { packetId: 7, token: 3, stage: 'accepted' },
    { packetId: 8, token: 5, stage: 'releasing' },
  ],
  outbound: [
    { message: outbound(10, 2), stage: 'released' },
    { message: outbound(11, 2), stage: 'sent' },
    { message: outbound(12, 1), stage: 'sent' },
  ],
};

const unsuback = (...reasonCodes: number[]): Packet => ({ type: 'unsuback', packetId: 60_001, reasonCodes });

/** Resumed, and the server says that the session is present. */
const asked = (): SessionRig => new SessionRig({ state: PAST }).connect(UNPROVEN, PRESENT);

/** The same, and the marker is asked for. */
function proving(): SessionRig {
  const rig = asked().forget();
  rig.session.prove('marker');
  assert.deepEqual(rig.answers(), ['unsubscribe 60001']);
  return rig;
}

test('R5a: a session that may not be ours waits for its owner, and so does all that comes in', () => {
  const rig = asked();
  rig.serve(inbound(1, 1), ack('pubcomp', 11));
  assert.deepEqual(rig.eventTypes(), ['connected', 'session-unproven']);
  assert.deepEqual(rig.answers(), ['connect']);
  assert.equal(rig.session.credit, 0);
  assert.throws(() => rig.session.publish(outbound(20, 0)), { code: 'INVALID_STATE' });
  assert.throws(() => rig.session.startEpoch('drop'), { code: 'INVALID_STATE' });
  rig.session.trust();
  assert.deepEqual(rig.eventTypes(), ['message'], 'an acknowledgement from before is nobody’s');
  assert.deepEqual(rig.answers(), ['pubrel 11', 'publish+ 12', 'publish+ 13']);
});

test('R5a: while a session is being proven messages come in and are acknowledged, and nothing of ours goes out', () => {
  const rig = proving();
  rig.serve(inbound(1, 2), inbound(7, 2, { dup: true }), ack('pubrel', 8));
  const token = rig.events().flatMap((event) => (event.type === 'message' ? [event.token] : []))[0] ?? -1;
  rig.session.accept(token);
  rig.session.complete(5);
  rig.session.release(11);
  assert.deepEqual(rig.answers(), ['pubrec 1', 'pubrec 7', 'pubcomp 8']);
  assert.equal(rig.session.credit, 0);
  assert.throws(() => rig.session.publish(outbound(20, 1)), { code: 'INVALID_STATE' });
  assert.throws(() => rig.session.prove('again'), { code: 'INVALID_STATE' });
});

test('R5a: UNSUBACK 0x00 proves the session: it goes on, in order, before anything new (R12)', () => {
  const rig = proving();
  rig.serve(unsuback(0));
  assert.deepEqual(rig.events(), [{ type: 'session-proven', proven: true }]);
  assert.deepEqual(rig.answers(), ['pubrel 11', 'publish+ 12', 'publish+ 13']);
  rig.serve(ack('pubcomp', 11, 0x92));
  assert.deepEqual(rig.events(), [{ type: 'delivered', seq: 10, reasonCode: 0x92 }]);
});

test('R5a: UNSUBACK 0x11 is a lost session, exactly as session present 0', () => {
  const rig = proving();
  const fresh = new SessionRig({ state: PAST }).connect().forget();
  rig.serve(unsuback(0x11));
  assert.deepEqual(rig.events(), [{ type: 'session-lost', inDoubt: [10, 11, 12], epoch: 5 }]);
  assert.deepEqual([rig.session.epoch, rig.session.credit], [4, 0], 'the old epoch counts until it is decided');
  for (const each of [rig, fresh]) each.session.startEpoch('redeliver');
  assert.deepEqual(rig.session.state(), fresh.session.state());
  assert.equal(rig.session.epoch, 5);
  const sent = rig.answers();
  assert.deepEqual(sent, ['publish 11', 'publish 12', 'publish 13']);
  assert.deepEqual(fresh.answers(), sent);
});

test('R5a: a loss that a marker showed is one on the next connection too, until it is decided', () => {
  const rig = proving();
  rig.serve(unsuback(0x11));
  rig.resume(UNPROVEN);
  assert.deepEqual(rig.eventTypes().slice(-2), ['connected', 'session-lost']);
  assert.equal(rig.session.epoch, 4);
  rig.session.startEpoch('redeliver');
  assert.equal(rig.session.epoch, 6);
});

test('R5: what came on the connection that showed the loss belongs to the new epoch', () => {
  const rig = proving();
  rig.serve(inbound(1, 2), unsuback(0x11));
  rig.session.startEpoch('redeliver');
  const state = rig.session.state();
  assert.deepEqual(
    state.inbound.map(({ packetId }) => packetId),
    [1],
    'the ids of the lost session are gone',
  );
  rig.forget();
  rig.session.accept(state.inbound[0]?.token ?? -1);
  assert.deepEqual(rig.answers(), ['pubrec 1'], 'the server gets its answer');
});

test('R5a: any other UNSUBACK code proves nothing, and the session goes on unverified', () => {
  const rig = proving();
  rig.serve(unsuback(0x87));
  assert.deepEqual(rig.events(), [{ type: 'session-proven', proven: false }]);
  rig.serve(ack('pubcomp', 11, 0x92));
  assert.deepEqual(rig.events(), [{ type: 'delivered', seq: 10, reasonCode: 0x92, unverified: true }]);
});

test('R10: PUBCOMP 0x92 is told as unverified only for a PUBREL that an earlier connection was owed', () => {
  const rig = asked().forget();
  rig.session.trust();
  rig.serve(ack('pubrec', 12), ack('puback', 13));
  rig.session.release(11);
  rig.forget();
  rig.serve(ack('pubcomp', 12, 0x92), ack('pubcomp', 11));
  assert.deepEqual(rig.events(), [
    { type: 'delivered', seq: 11, reasonCode: 0x92 },
    { type: 'delivered', seq: 10, reasonCode: 0 },
  ]);
  const later = asked();
  later.session.trust();
  later.resume().forget();
  later.serve(ack('pubcomp', 11, 0x92));
  assert.deepEqual(
    later.events(),
    [{ type: 'delivered', seq: 10, reasonCode: 0x92 }],
    'a session that was trusted once',
  );
});

test('a cut while a session is being proven changes nothing of it', () => {
  const rig = proving();
  rig.cut();
  assert.deepEqual(rig.session.state(), PAST);
  rig.forget().resume(UNPROVEN);
  assert.deepEqual(rig.eventTypes(), ['connected', 'session-unproven']);
});

test('below 5.0 a session can only be trusted', () => {
  const rig = new SessionRig({ state: PAST }).connect({ ...UNPROVEN, version: 4 }, PRESENT).forget();
  assert.throws(() => rig.session.prove('marker'), { code: 'INVALID_STATE' });
  rig.session.trust();
  assert.deepEqual(rig.answers(), ['pubrel 11', 'publish+ 12', 'publish+ 13']);
});

test('3.1 does not tell of sessions, so one that was kept is asked about too', () => {
  const rig = new SessionRig({ state: PAST }).connect({ ...UNPROVEN, version: 3 });
  assert.deepEqual(rig.eventTypes(), ['connected', 'session-unproven']);
});

test('prove and trust are for a session that asked, and for once', () => {
  const rig = new SessionRig().connect(UNPROVEN);
  for (const act of [() => rig.session.prove('m'), () => rig.session.trust()]) {
    assert.throws(act, { code: 'INVALID_STATE' });
  }
  const resumed = asked();
  resumed.session.trust();
  assert.throws(() => resumed.session.trust(), { code: 'INVALID_STATE' });
});

test('more than 16 MiB before the owner has decided end the connection', () => {
  const rig = asked().forget();
  const chunk = new Uint8Array(1024 * 1024);
  for (let mebibytes = 0; mebibytes < 17; mebibytes += 1) rig.serveBytes(chunk);
  assert.deepEqual(rig.eventTypes(), ['close']);
});

test('R5: with `settlesEmpty` a fresh session waits for its owner also when nothing is held', () => {
  const rig = new SessionRig({ settlesEmpty: true }).connect();
  assert.deepEqual(rig.events().at(-1), { type: 'session-lost', inDoubt: [], epoch: 1 });
  assert.deepEqual([rig.session.epoch, rig.session.credit], [0, 0]);
  rig.serve(inbound(1, 1));
  assert.deepEqual(rig.events(), []);
  rig.session.startEpoch('redeliver');
  assert.deepEqual(rig.eventTypes(), ['message']);
  assert.equal(rig.session.epoch, 1);
  rig.resume();
  assert.deepEqual(rig.eventTypes(), ['connected'], 'a session that goes on asks nothing');
});

test('the answer to a marker says whose session it is', () => {
  assert.deepEqual([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, undefined].map(sessionProof), [
    'ours',
    'not-ours',
    'unknown',
    'unknown',
    'unknown',
    'unknown',
    'unknown',
  ]);
});
