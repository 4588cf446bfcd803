import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutboundWindow, packetIdOf } from '../../../../../../src/mqtt/protocol/session/outbound/outbound-window.js';
import { ack, outbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

const PUBLISH_IDS = 60_000;

test('R8: the packet id follows from the sequence number', () => {
  const rig = new SessionRig().connect().forget();
  for (const seq of [0, 1, 59_999]) rig.session.publish(outbound(seq, 1));
  assert.deepEqual(rig.answers(), ['publish 1', 'publish 2', 'publish 60000']);
  rig.serve(ack('puback', 1), ack('puback', 2));
  rig.session.publish(outbound(60_000, 2));
  assert.deepEqual(rig.answers(), ['publish 1']);
});

test('R8: sequence numbers go far beyond 32 bits', () => {
  const seq = Number.MAX_SAFE_INTEGER - 10;
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(seq, 1));
  rig.serve(ack('puback', packetIdOf(seq)));
  assert.deepEqual(rig.events(), [{ type: 'delivered', seq, message: outbound(seq, 1), reasonCode: 0 }]);
});

test('R8a: in flight is at most the lower of the two limits, and credit says so', () => {
  for (const [receiveMaximum, maxInflight] of [
    [3, 100],
    [100, 3],
  ] as const) {
    const rig = new SessionRig({ maxInflight }).connect({}, { properties: { receiveMaximum } }).forget();
    for (const seq of [0, 1, 2]) {
      assert.equal(rig.session.credit, 3 - seq);
      rig.session.publish(outbound(seq, 1));
    }
    assert.equal(rig.session.credit, 0);
    assert.throws(() => rig.session.publish(outbound(3, 1)), { code: 'INVALID_STATE' });
    rig.session.publish(outbound(0, 0));
    rig.serve(ack('puback', 2));
    assert.equal(rig.session.credit, 1);
    assert.equal(rig.session.inflight, 2);
  }
});

test('R8a: the connection may lower the limit for servers that cannot say theirs', () => {
  const rig = new SessionRig({ maxInflight: 1000 }).connect({ version: 4, maxInflight: 20 });
  assert.equal(rig.session.credit, 20);
});

test('few messages at QoS 1 wait for room that is on its way, and leave together', () => {
  const rig = new SessionRig({ maxInflight: 20 }).connect().forget();
  for (let seq = 0; seq < 20; seq += 1) {
    assert.equal(rig.session.portion, seq <= 15 ? 20 - seq : 0);
    rig.session.publish(outbound(seq, 1));
  }
  for (let seq = 0; seq < 5; seq += 1) {
    assert.deepEqual([rig.session.credit, rig.session.portion], [seq, 0]);
    rig.serve(ack('puback', packetIdOf(seq)));
  }
  assert.equal(rig.session.portion, 5, 'a quarter of the window');
});

test('at QoS 2 room is on its way once PUBREL is written, and nothing is waited for that the server does not owe', () => {
  const rig = new SessionRig({ maxInflight: 20 }).connect().forget();
  for (let seq = 0; seq < 18; seq += 1) rig.session.publish(outbound(seq, 2));
  assert.equal(rig.session.portion, 2, 'a PUBREC makes none');
  for (const id of [1, 2, 3]) rig.serve(ack('pubrec', id));
  assert.equal(rig.session.portion, 2, 'nor does it before its PUBREL');
  for (const seq of [0, 1, 2]) rig.session.release(seq);
  assert.equal(rig.session.portion, 0);
  for (const id of [1, 2, 3]) rig.serve(ack('pubcomp', id));
  assert.equal(rig.session.portion, 5);
  for (const id of [4, 5, 6]) rig.serve(ack('pubrec', id));
  for (const seq of [3, 4, 5]) rig.session.release(seq);
  rig.resume();
  for (let seq = 6; seq < 18; seq += 1) {
    rig.serve(ack('pubrec', packetIdOf(seq)));
    rig.session.release(seq);
  }
  for (let seq = 3; seq < 18; seq += 1) rig.serve(ack('pubcomp', packetIdOf(seq)));
  for (let seq = 18; seq < 36; seq += 1) rig.session.publish(outbound(seq, 2));
  assert.equal(rig.session.portion, 2, 'what the last connection owed is not on its way');
});

test('R8a, R11: a message 60000 after the lowest incomplete one has to wait for it, since it would take its packet id', () => {
  const rig = new SessionRig({ maxInflight: 59_999 }).connect().forget();
  rig.session.publish(outbound(5, 1));
  rig.session.publish(outbound(6 + PUBLISH_IDS - 3, 1));
  assert.equal(rig.session.credit, 1);
  assert.throws(() => rig.session.publish(outbound(5 + PUBLISH_IDS, 1)), { code: 'INVALID_STATE' });
  rig.session.publish(outbound(4 + PUBLISH_IDS, 1));
  assert.equal(rig.session.credit, 0);
  rig.serve(ack('puback', packetIdOf(5)));
  rig.session.publish(outbound(5 + PUBLISH_IDS, 1));
  assert.equal(rig.session.inflight, 3);
});

test('sequence numbers must ascend', () => {
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(7, 1));
  rig.serve(ack('puback', 8));
  for (const seq of [7, 6, -1, 8.5, Number.NaN]) {
    assert.throws(() => rig.session.publish(outbound(seq, 1)), { code: 'INVALID_STATE' });
  }
});

test('R9: PUBREL waits for release, and release of a message that is not received does nothing', () => {
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(0, 2));
  rig.session.release(0);
  rig.serve(ack('pubrec', 1));
  assert.deepEqual(rig.answers(), ['publish 1']);
  rig.session.release(0);
  rig.session.release(0);
  assert.deepEqual(rig.answers(), ['pubrel 1']);
});

test('R9: a release between connections goes out on the next one', () => {
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(0, 2));
  rig.serve(ack('pubrec', 1));
  rig.cut();
  rig.session.release(0);
  assert.deepEqual(
    rig.session.state().outbound.map(({ stage }) => stage),
    ['released'],
  );
  rig.connect({}, { sessionPresent: true });
  assert.deepEqual(rig.answers(), ['connect', 'pubrel 1']);
});

test('R9a: PUBREC 0x91 is success for a message that was sent before in this epoch, and a refusal for any other', () => {
  const first = new SessionRig().connect().forget();
  first.session.publish(outbound(0, 2));
  first.serve(ack('pubrec', 1, 0x91));
  assert.deepEqual(first.events(), [
    { type: 'refused', seq: 0, message: outbound(0, 2), reasonCode: 0x91, reasonString: undefined },
  ]);
  const again = new SessionRig().connect();
  again.session.publish(outbound(0, 2));
  again.resume().forget();
  again.serve(ack('pubrec', 1, 0x91));
  assert.deepEqual(again.events(), [{ type: 'received', seq: 0, message: outbound(0, 2), reasonCode: 0x91 }]);
});

test('R10: the payload is kept until PUBCOMP', () => {
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(0, 2));
  rig.serve(ack('pubrec', 1));
  rig.session.release(0);
  assert.deepEqual(rig.session.state().outbound, [{ message: outbound(0, 2), stage: 'released' }]);
  rig.serve(ack('pubcomp', 1));
  assert.deepEqual(rig.session.state().outbound, []);
});

test('R12: everything unfinished is re-sent in its original order before anything new, byte-identical but for DUP', () => {
  const rig = new SessionRig({ maxInflight: 4 }).connect().forget();
  for (const [seq, qos] of [
    [0, 2],
    [1, 1],
    [2, 2],
    [3, 1],
  ] as const)
    rig.session.publish(outbound(seq, qos));
  const before = rig.written();
  rig.serve(ack('pubrec', 1), ack('puback', 2));
  rig.session.release(0);
  rig.resume();
  assert.deepEqual(rig.written().slice(1), [
    { type: 'pubrel', packetId: 1, reasonCode: 0 },
    { ...before[2], dup: true },
    { ...before[3], dup: true },
  ]);
});

test('R12: what a lower Receive Maximum holds back goes out first when there is room', () => {
  const rig = new SessionRig().connect();
  for (const seq of [0, 1, 2]) rig.session.publish(outbound(seq, 1));
  rig.resume({}, { properties: { receiveMaximum: 1 } });
  assert.deepEqual(rig.answers().slice(-1), ['publish+ 1']);
  assert.equal(rig.session.credit, 0);
  rig.serve(ack('puback', 1));
  assert.deepEqual(rig.answers(), ['publish+ 2']);
  assert.equal(rig.session.credit, 0);
  rig.serve(ack('puback', 2), ack('puback', 3));
  assert.deepEqual(rig.answers(), ['publish+ 3']);
  assert.equal(rig.session.credit, 1);
});

test('R12: nothing is re-sent on a live connection, whatever time passes [MQTT-4.4.0-1]', () => {
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(0, 1));
  rig.written();
  for (rig.now = 0; rig.now < 25_000; rig.now += 1000) rig.session.handleTimeout(rig.now);
  assert.deepEqual(rig.answers(), []);
});

test('R14a: an acknowledgement of an earlier connection does not answer a message whose turn has not come', () => {
  const rig = new SessionRig().connect();
  rig.session.publish(outbound(0, 1));
  rig.session.publish(outbound(1, 2));
  rig.resume({}, { properties: { receiveMaximum: 1 } }).forget();
  rig.serve(ack('pubrec', 2), ack('pubcomp', 2), ack('puback', 2));
  assert.deepEqual(rig.events(), []);
  assert.deepEqual(rig.answers(), []);
  assert.equal(rig.session.inflight, 2);
});

test('F19 stray acknowledgements are ignored, but PUBREC is answered by PUBREL 0x92', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(ack('puback', 9), ack('pubcomp', 9), ack('pubrec', 9, 0x80), ack('pubrec', 9), ack('puback', 65_000));
  assert.deepEqual(rig.events(), []);
  assert.deepEqual(rig.answers(), ['pubrel 9 0x92']);
});

test('PUBACK 0x10 is success, 0x80 and above a refusal with its reason', () => {
  const rig = new SessionRig().connect().forget();
  rig.session.publish(outbound(0, 1));
  rig.session.publish(outbound(1, 1));
  const reasonString = 'no right';
  rig.serve(ack('puback', 1, 0x10), { type: 'puback', packetId: 2, reasonCode: 0x87, properties: { reasonString } });
  assert.deepEqual(rig.events(), [
    { type: 'delivered', seq: 0, message: outbound(0, 1), reasonCode: 0x10 },
    { type: 'refused', seq: 1, message: outbound(1, 1), reasonCode: 0x87, reasonString },
  ]);
});

test('what is told of a message carries the very object that was published, so that its owner need not look for it', () => {
  const rig = new SessionRig().connect().forget();
  const messages = [outbound(0, 1), outbound(1, 2), outbound(2, 1)];
  for (const message of messages) rig.session.publish(message);
  rig.serve(ack('puback', 1), ack('pubrec', 2), ack('puback', 3, 0x87));
  const told = rig.events().map((event) => ('message' in event ? event.message : undefined));
  assert.equal(told.length, 3);
  for (const [index, message] of messages.entries()) assert.equal(told[index], message);
  assert.equal(rig.session.message(1), messages[1]);
  assert.equal(rig.session.message(0), undefined, 'it is complete');
  assert.deepEqual([...rig.session.messages()], [messages[1]]);
});

test('a message beyond what the server can do is refused before anything is written', () => {
  const properties = { maximumQoS: 1, retainAvailable: false, maximumPacketSize: 40 } as const;
  const rig = new SessionRig().connect({}, { properties }).forget();
  assert.throws(() => rig.session.publish(outbound(0, 2)), {
    code: 'INVALID_MESSAGE',
    reasonCode: 0x9b,
    advice: 'Publish at QoS 1 at most, or use a broker that takes more.',
  });
  assert.throws(() => rig.session.publish(outbound(0, 1, { retain: true })), {
    code: 'INVALID_MESSAGE',
    reasonCode: 0x9a,
    advice: 'Publish it without the retain flag, or use a broker that keeps retained messages.',
  });
  const payload = new Uint8Array(41 - 12);
  assert.throws(() => rig.session.publish(outbound(0, 1, { payload })), { code: 'MESSAGE_TOO_LARGE' });
  assert.throws(() => rig.session.publish(outbound(0, 1, { topic: 'a/#' })), { code: 'INVALID_TOPIC' });
  const alias = { topicAlias: 1 };
  assert.throws(() => rig.session.publish(outbound(0, 1, { properties: alias })), { code: 'INVALID_MESSAGE' });
  assert.equal(rig.session.inflight, 0);
  rig.session.publish(outbound(0, 1, { payload: payload.subarray(1) }));
  assert.deepEqual(rig.answers(), ['publish 1']);
});

test('a message that the server of the next connection cannot take is refused in its place, not sent for ever', () => {
  const rig = new SessionRig().connect();
  rig.session.publish(outbound(0, 2));
  rig.session.publish(outbound(1, 1, { payload: new Uint8Array(100) }));
  rig.session.publish(outbound(2, 1));
  rig.resume({}, { properties: { maximumQoS: 1, maximumPacketSize: 60 } });
  assert.deepEqual(rig.answers().slice(-1), ['publish+ 3']);
  const refused = rig.events().flatMap((event) => (event.type === 'refused' ? [[event.seq, event.reasonCode]] : []));
  assert.deepEqual(refused, [
    [0, 0x9b],
    [1, 0x95],
  ]);
  assert.equal(rig.session.inflight, 1);
});

test('a message abandoned between connections is not sent again', () => {
  const rig = new SessionRig().connect();
  for (const seq of [0, 1]) rig.session.publish(outbound(seq, 1));
  assert.throws(() => rig.session.abandon(0), { code: 'INVALID_STATE' });
  rig.cut();
  rig.session.abandon(0);
  rig.session.abandon(0);
  rig.forget().connect({}, { sessionPresent: true });
  assert.deepEqual(rig.answers(), ['connect', 'publish+ 2']);
});

test('R21: only what the broker owes is counted', () => {
  const rig = new SessionRig().connect();
  rig.session.publish(outbound(0, 2));
  rig.session.publish(outbound(1, 1));
  assert.equal(rig.session.owed, 2);
  rig.serve(ack('pubrec', 1));
  assert.equal(rig.session.owed, 1, 'the release is ours to give');
  rig.session.release(0);
  assert.equal(rig.session.owed, 2);
  rig.resume({}, { properties: { receiveMaximum: 1 } });
  assert.equal(rig.session.owed, 1, 'the second message has not had its turn');
  rig.cut();
  assert.equal(rig.session.owed, 0);
});

test('the window stays right over many wraps of its ring, with gaps', () => {
  const window = new OutboundWindow();
  const held: number[] = [];
  let seq = 123_456;
  for (let round = 0; round < 5000; round += 1) {
    seq += 1 + (round % 7 === 0 ? round % 500 : 0);
    const removed = window.hasRoomFor(seq) ? [] : held.splice(0, held.length / 2);
    for (const old of removed) window.remove(old);
    window.add(outbound(seq, 1), 'sent');
    held.push(seq);
    if (round % 3 === 0) window.remove(held.splice((round * 31) % held.length, 1)[0] ?? -1);
    assert.equal(window.size, held.length);
    assert.equal(window.low, held[0] ?? seq + 1);
  }
  assert.deepEqual(
    [...window.entries()].map(({ message }) => message.seq),
    held,
  );
  for (const old of held) assert.equal(window.withId(packetIdOf(old))?.message.seq, old);
});
