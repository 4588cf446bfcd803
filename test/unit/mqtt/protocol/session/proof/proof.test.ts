import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet, SessionState } from '../../../../../../src/mqtt/protocol/index.js';
import { sessionProof } from '../../../../../../src/mqtt/protocol/session/proof/session-proof.js';
import { ack, inbound, outbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

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

const MARKER = { held: ['marker'], gone: [] } as const;

const unsuback = (...reasonCodes: number[]): Packet => ({ type: 'unsuback', packetId: 60_001, reasonCodes });

/** Resumed, and the server says that the session is present. */
const asked = (): SessionRig => new SessionRig({ state: PAST }).connect(UNPROVEN, PRESENT);

/** The same, and the marker is asked for. */
function proving(): SessionRig {
  const rig = asked().forget();
  rig.session.prove(MARKER);
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

test('R5a: while a session is being proven messages wait, PUBRELs are answered, and nothing of ours goes out', () => {
  const rig = proving();
  rig.serve(inbound(1, 2), inbound(7, 2, { dup: true }), ack('pubrel', 8));
  assert.deepEqual(rig.eventTypes(), ['release']);
  rig.session.complete(5);
  rig.session.release(11);
  assert.deepEqual(rig.answers(), ['pubcomp 8']);
  assert.equal(rig.session.credit, 0);
  assert.throws(() => rig.session.publish(outbound(20, 1)), { code: 'INVALID_STATE' });
  assert.throws(() => rig.session.prove(MARKER), { code: 'INVALID_STATE' });
  rig.serve(unsuback(0));
  assert.deepEqual(rig.eventTypes(), ['session-proven', 'message']);
  rig.session.accept(6);
  assert.deepEqual(rig.answers(), ['pubrel 11', 'publish+ 12', 'publish+ 13', 'pubrec 1', 'pubrec 7']);
});

test('R14b: where the proof is slow, messages with new ids are taken and acknowledged', () => {
  const rig = proving();
  rig.serve(inbound(1, 1), inbound(2, 2), inbound(0, 0));
  assert.deepEqual(rig.events(), []);
  rig.session.takeNew();
  rig.serve(inbound(4, 1));
  assert.deepEqual(rig.eventTypes(), ['message', 'message', 'message', 'message'], 'and so are those that come later');
  for (const token of [6, 7, 9]) rig.session.accept(token);
  assert.deepEqual(rig.answers(), ['puback 1', 'pubrec 2', 'puback 4']);
  rig.serve(unsuback(0));
  assert.deepEqual(rig.eventTypes(), ['session-proven']);
});

test('R14b: before the proof a known id waits, with what is behind it in the order of PUBRECs (R14); then it is a copy', () => {
  const rig = proving();
  rig.serve(inbound(7, 2, { dup: true }), inbound(2, 2));
  rig.session.takeNew();
  rig.serve(inbound(7, 1));
  assert.deepEqual(rig.eventTypes(), ['message']);
  rig.session.accept(6);
  assert.deepEqual(rig.answers(), [], 'neither is answered');
  rig.serve(unsuback(0));
  assert.deepEqual(
    rig.eventTypes(),
    ['session-proven', 'session-suspect', 'message'],
    'the QoS 1 message says that it is lost',
  );
  assert.deepEqual(rig.answers(), ['pubrec 7', 'pubrec 2', 'pubrel 11', 'publish+ 12', 'publish+ 13']);
});

test('R14b, counterexample: a known id in a session that is not ours is a new message, and is not swallowed', () => {
  const rig = proving();
  rig.serve(inbound(7, 2, { dup: true }), inbound(2, 2));
  rig.session.takeNew();
  rig.session.accept(6);
  rig.serve(unsuback(0x11));
  assert.deepEqual(rig.eventTypes(), ['message', 'session-lost']);
  rig.session.startEpoch('redeliver');
  const [late] = rig.events();
  assert.deepEqual([late?.type, rig.session.state().inbound.map(({ packetId }) => packetId)], ['message', [2, 7]]);
  rig.session.accept(7);
  assert.deepEqual(rig.answers().slice(-2), ['pubrec 2', 'pubrec 7']);
});

test('R14b: what waits for the proof waits on its connection only', () => {
  const rig = proving();
  rig.serve(inbound(7, 2, { dup: true }), inbound(2, 2));
  rig.session.takeNew();
  rig.cut();
  rig.forget().resume();
  rig.serve(inbound(7, 2, { dup: true }));
  assert.equal(rig.answers().at(-1), 'pubrec 7');
});

test('R14b: above 16 MiB of what waits, new ids are taken, and copies of known ones wait without their payloads', () => {
  const rig = proving();
  const payload = new Uint8Array(1024 * 1024);
  const large = (packetId: number): Packet => {
    return { type: 'publish', topic: 't', payload, qos: 2, retain: false, dup: true, packetId };
  };
  for (let id = 100; id < 117; id += 1) rig.serve(large(id));
  const taken = rig.events().flatMap((event) => (event.type === 'message' ? [event.token] : []));
  assert.equal(taken.length, 17);
  for (const token of taken) rig.session.accept(token);
  for (let copy = 0; copy < 100; copy += 1) rig.serve(large(7));
  rig.serve(unsuback(0));
  assert.deepEqual(rig.eventTypes(), ['session-proven']);
  assert.ok(rig.answers().includes('pubrec 7'), 'the copy is answered');
});

test('R14b, counterexample: what waited without its payload and is new comes again on the next connection', () => {
  const rig = proving();
  const payload = new Uint8Array(1024 * 1024);
  const large: Packet = { type: 'publish', topic: 't', payload, qos: 2, retain: false, dup: true, packetId: 7 };
  for (let copy = 0; copy < 40; copy += 1) rig.serve(large);
  rig.serve(unsuback(0x11));
  assert.deepEqual(rig.eventTypes(), ['session-lost']);
  rig.session.startEpoch('redeliver');
  const events = rig.events();
  const close = events.at(-1);
  assert.ok(close?.type === 'close' && close.error.code === 'CONNECTION_LOST' && close.error.retryable);
  assert.ok(events.every((event) => event.type !== 'message' || event.payload.length === payload.length));
  rig.resume().forget();
  rig.serve(large);
  assert.equal(rig.events().filter((event) => event.type === 'message' && event.payload.length > 0).length <= 1, true);
});

const BOTH = { held: ['next', 'spare'], gone: ['old'] } as const;
const answers = (rig: SessionRig, next: number, spare: number, old: number): readonly string[] => {
  for (const [offset, code] of [next, spare, old].entries()) {
    rig.serve({ type: 'unsuback', packetId: 60_001 + offset, reasonCodes: [code] });
  }
  return rig.eventTypes();
};
const askedBoth = (): SessionRig => {
  const rig = asked().forget();
  rig.session.prove(BOTH);
  assert.deepEqual(rig.answers(), ['unsubscribe 60001', 'unsubscribe 60002', 'unsubscribe 60003']);
  return rig;
};

test('R5c: a session that has a marker which is confirmed gone went back, and is lost for us', () => {
  const rig = askedBoth();
  rig.serve(inbound(1, 2));
  assert.deepEqual(answers(rig, 0x00, 0x00, 0x00), ['session-lost'], 'nothing of it was delivered');
  assert.equal(rig.session.epoch, 4);
  const far = askedBoth();
  answers(far, 0x11, 0x11, 0x00);
  far.session.startEpoch('drop');
  assert.equal(far.session.epoch, 5, 'also where it went back further than the next marker');
});

test('R5c: the marker that is gone stays gone: the session is ours; without an answer for it too', () => {
  assert.deepEqual(answers(askedBoth(), 0x00, 0x00, 0x11), ['session-proven']);
  assert.deepEqual(answers(askedBoth(), 0x00, 0x11, 0x87), ['session-proven']);
});

test('R5a: UNSUBACK 0x00 proves the session: it goes on, in order, before anything new (R12)', () => {
  const rig = proving();
  rig.serve(unsuback(0));
  assert.deepEqual(rig.events(), [{ type: 'session-proven', proven: true }]);
  assert.deepEqual(rig.answers(), ['pubrel 11', 'publish+ 12', 'publish+ 13']);
  rig.serve(ack('pubcomp', 11, 0x92));
  assert.deepEqual(rig.events(), [{ type: 'delivered', seq: 10, message: outbound(10, 2), reasonCode: 0x92 }]);
});

test('R5a: UNSUBACK 0x11 is a lost session, exactly as session present 0', () => {
  const rig = proving();
  const fresh = new SessionRig({ state: PAST }).connect().forget();
  rig.serve(unsuback(0x11));
  assert.deepEqual(rig.events(), [{ type: 'session-lost', inDoubt: [10, 11, 12], epoch: 5, wentBack: false }]);
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
  assert.deepEqual(rig.events(), [
    { type: 'delivered', seq: 10, message: outbound(10, 2), reasonCode: 0x92, unverified: true },
  ]);
});

test('R10: PUBCOMP 0x92 is told as unverified only for a PUBREL that an earlier connection was owed', () => {
  const rig = asked().forget();
  rig.session.trust();
  rig.serve(ack('pubrec', 12), ack('puback', 13));
  rig.session.release(11);
  rig.forget();
  rig.serve(ack('pubcomp', 12, 0x92), ack('pubcomp', 11));
  assert.deepEqual(rig.events(), [
    { type: 'delivered', seq: 11, message: outbound(11, 2), reasonCode: 0x92 },
    { type: 'delivered', seq: 10, message: outbound(10, 2), reasonCode: 0 },
  ]);
  const later = asked();
  later.session.trust();
  later.resume().forget();
  later.serve(ack('pubcomp', 11, 0x92));
  assert.deepEqual(
    later.events(),
    [{ type: 'delivered', seq: 10, message: outbound(10, 2), reasonCode: 0x92 }],
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
  assert.throws(() => rig.session.prove(MARKER), { code: 'INVALID_STATE' });
  rig.session.trust();
  assert.deepEqual(rig.answers(), ['pubrel 11', 'publish+ 12', 'publish+ 13']);
});

test('3.1 does not tell of sessions, so one that was kept is asked about too', () => {
  const rig = new SessionRig({ state: PAST }).connect({ ...UNPROVEN, version: 3 });
  assert.deepEqual(rig.eventTypes(), ['connected', 'session-unproven']);
});

test('prove and trust are for a session that asked, and for once', () => {
  const rig = new SessionRig().connect(UNPROVEN);
  for (const act of [() => rig.session.prove(MARKER), () => rig.session.trust()]) {
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
  assert.deepEqual(rig.events().at(-1), { type: 'session-lost', inDoubt: [], epoch: 1, wentBack: false });
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
  assert.deepEqual(
    [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, undefined].map((code) => sessionProof([code])),
    ['ours', 'not-ours', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  );
  assert.deepEqual(
    [sessionProof([0x00, 0x87]), sessionProof([], [0x11]), sessionProof([], [0x00]), sessionProof([0x00], [0x00])],
    ['unknown', 'unknown', 'went-back', 'went-back'],
  );
});
