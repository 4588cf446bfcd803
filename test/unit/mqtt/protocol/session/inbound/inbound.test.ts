import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ack, inbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

test('R1: nothing is acknowledged before it is accepted', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 1), inbound(2, 2));
  assert.deepEqual(rig.answers(), []);
});

test('R14: PUBACKs leave in order of receipt, whatever the order of acceptance, and PUBRECs by themselves', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 1), inbound(2, 2), inbound(3, 1), inbound(4, 2), inbound(5, 1));
  rig.session.accept(4);
  rig.session.accept(3);
  assert.deepEqual(rig.answers(), []);
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), ['puback 1']);
  rig.session.accept(1);
  assert.deepEqual(rig.answers(), ['pubrec 2', 'pubrec 4']);
  rig.session.accept(2);
  assert.deepEqual(rig.answers(), ['puback 3', 'puback 5']);
});

test('R14a: a QoS 1 token dies with its connection', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 1));
  rig.resume().forget();
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), []);
  rig.serve(inbound(1, 1, { dup: true }));
  assert.deepEqual(rig.eventTypes(), ['message']);
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), []);
  rig.session.accept(1);
  assert.deepEqual(rig.answers(), ['puback 1']);
});

test('R2a: a re-sent PUBLISH that is not accepted is neither delivered again nor answered, until it is accepted', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2));
  rig.resume().forget();
  rig.serve(inbound(1, 2, { dup: true }));
  assert.deepEqual(rig.events(), []);
  assert.deepEqual(rig.answers(), []);
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), ['pubrec 1']);
});

test('R14a: PUBREC goes out only on the connection on which the latest copy arrived', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2));
  rig.resume().forget();
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), [], 'the copy of this connection has not come yet');
  rig.serve(inbound(1, 2, { dup: true }));
  assert.deepEqual(rig.answers(), ['pubrec 1']);
  assert.deepEqual(rig.events(), []);
});

test('R2a: PUBREC of an accepted copy keeps its place in the order', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2), inbound(2, 2));
  rig.session.accept(1);
  rig.resume().forget();
  rig.serve(inbound(1, 2, { dup: true }), inbound(2, 2, { dup: true }), inbound(3, 2));
  assert.deepEqual(rig.answers(), [], 'the first is not accepted yet');
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), ['pubrec 1', 'pubrec 2']);
});

test('R3: PUBCOMP waits for complete, and goes out only where its PUBREL arrived', () => {
  const counter = { newest: 0, run: 0, overReconnect: 'counted', free: 0 } as const;
  const memory = { finished: new Uint16Array(), counter, digests: [] };
  const state = { epoch: 1, inbound: [], outbound: [], memory };
  const rig = new SessionRig({ state }).connect({}, { sessionPresent: true }).forget();
  rig.serve(inbound(1, 2));
  rig.session.accept(0);
  rig.serve(ack('pubrel', 1));
  assert.deepEqual(rig.answers(), ['pubrec 1']);
  rig.resume().forget();
  rig.session.complete(0);
  assert.deepEqual(rig.answers(), []);
  assert.deepEqual(rig.session.state().inbound, [], 'the id is forgotten all the same');
  rig.serve(ack('pubrel', 1));
  assert.deepEqual(rig.answers(), ['pubcomp 1 0x92']);
});

test('R3: a PUBREL that comes again on the next connection is reported again', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2));
  rig.session.accept(0);
  rig.serve(ack('pubrel', 1));
  rig.resume().forget();
  rig.serve(ack('pubrel', 1), ack('pubrel', 1));
  assert.deepEqual(rig.events(), [{ type: 'release', token: 0 }]);
  rig.session.complete(0);
  assert.deepEqual(rig.answers(), ['pubcomp 1']);
});

test('R4: PUBREL of an unknown id is answered, with 0x92 on 5.0', () => {
  for (const [version, answer] of [
    [5, 'pubcomp 9 0x92'],
    [4, 'pubcomp 9'],
    [3, 'pubcomp 9'],
  ] as const) {
    const rig = new SessionRig().connect({ version }).forget();
    rig.serve(ack('pubrel', 9));
    assert.deepEqual(rig.answers(), [answer]);
    assert.deepEqual(rig.events(), []);
  }
});

test('R5a: DUP 0 for an accepted id drops the old message, whose token does nothing any more', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2));
  rig.session.accept(0);
  rig.resume().forget();
  rig.serve(inbound(1, 2));
  assert.deepEqual(rig.eventTypes(), ['session-suspect', 'message']);
  assert.deepEqual(rig.session.state().inbound, [{ packetId: 1, token: 1, stage: 'taken' }]);
  rig.session.accept(0);
  rig.session.complete(0);
  assert.deepEqual(rig.answers(), []);
  rig.session.accept(1);
  assert.deepEqual(rig.answers(), ['pubrec 1']);
});

test('R5a: a PUBREC that still waited for its turn is not sent for the message that took its id', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2), inbound(2, 2));
  rig.session.accept(1);
  rig.serve(inbound(2, 2));
  rig.session.accept(0);
  assert.deepEqual(rig.answers(), ['pubrec 1'], 'the new message with id 2 is not accepted');
  rig.session.accept(2);
  assert.deepEqual(rig.answers(), ['pubrec 2']);
});

test('an id that waits for its PUBREC cannot be that of a QoS 1 message too, nor the other way round', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 1), inbound(1, 2));
  assert.deepEqual(rig.eventTypes(), ['message', 'close']);
  assert.deepEqual(rig.answers(), ['disconnect 0x82']);
});

test('tokens grow by one at every QoS, and go on after a restart', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(0, 0), inbound(1, 2), inbound(2, 1));
  assert.deepEqual(
    rig.events().map((event) => (event.type === 'message' ? event.token : -1)),
    [0, 1, 2],
  );
  const next = new SessionRig({ state: rig.session.state() }).connect({}, { sessionPresent: true }).forget();
  next.serve(inbound(5, 1));
  assert.deepEqual(
    next.events().map((event) => (event.type === 'message' ? event.token : -1)),
    [2],
  );
});

test('Receive Maximum: a server that sends more is tolerated, as some do with every backlog (E32)', () => {
  const rig = new SessionRig({ receiveMaximum: 2 }).connect().forget();
  rig.serve(...Array.from({ length: 50 }, (_, index) => inbound(index + 1, 1)));
  assert.equal(rig.eventTypes().filter((type) => type === 'message').length, 50);
  for (let token = 0; token < 50; token += 1) rig.session.accept(token);
  assert.equal(rig.answers().length, 50);
});

test('topic aliases stand for their topic on their connection only', () => {
  const rig = new SessionRig({ topicAliasMaximum: 3 }).connect().forget();
  rig.serve(
    inbound(0, 0, { topic: 'long/topic', properties: { topicAlias: 3, contentType: 'x' } }),
    inbound(0, 0, { topic: '', properties: { topicAlias: 3 } }),
    inbound(0, 0, { topic: 'other', properties: { topicAlias: 3 } }),
    inbound(0, 0, { topic: '', properties: { topicAlias: 3 } }),
  );
  const seen = rig.events().map((event) => (event.type === 'message' ? [event.topic, event.properties] : event.type));
  assert.deepEqual(seen, [
    ['long/topic', { contentType: 'x' }],
    ['long/topic', undefined],
    ['other', undefined],
    ['other', undefined],
  ]);
  rig.resume().forget();
  rig.serve(inbound(0, 0, { topic: '', properties: { topicAlias: 3 } }));
  assert.deepEqual(rig.answers(), ['disconnect 0x82']);
});

test('a topic alias above our maximum is told 0x94 [MQTT-3.1.2-26]', () => {
  const rig = new SessionRig({ topicAliasMaximum: 3 }).connect().forget();
  rig.serve(inbound(0, 0, { properties: { topicAlias: 4 } }));
  assert.deepEqual(rig.eventTypes(), ['close']);
  assert.deepEqual(rig.answers(), ['disconnect 0x94']);
});

test('a QoS 2 message that waits for its acceptance does not confuse the thousands that come and go after it', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2));
  const [stuck] = rig.events();
  for (let round = 0; round < 2500; round += 1) {
    const packetId = 2 + (round % 300);
    // a token without a QoS 2 message now and then
    if (round % 7 === 0) rig.serve(inbound(0, 0));
    rig.serve(inbound(packetId, 2));
    const message = rig.events().at(-1);
    assert.ok(message?.type === 'message');
    rig.session.accept(message.token);
    rig.cut();
    rig.connect({}, { sessionPresent: true }).forget();
    rig.serve(inbound(packetId, 2, { dup: true }), ack('pubrel', packetId));
    const release = rig.events().at(-1);
    assert.deepEqual(release, { type: 'release', token: message.token });
    rig.session.complete(message.token);
    assert.deepEqual(rig.answers(), [`pubrec ${packetId}`, `pubcomp ${packetId}`]);
  }
  assert.ok(stuck?.type === 'message');
  assert.deepEqual(rig.session.state().inbound, [{ packetId: 1, token: stuck.token, stage: 'taken' }]);
  rig.serve(inbound(1, 2, { dup: true }));
  rig.session.accept(stuck.token);
  assert.deepEqual(rig.answers(), ['pubrec 1']);
});

test('S21: a copy of a released id that waits behind a message without a commit gets its PUBREC, though the id is completed first', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2));
  rig.session.accept(0);
  rig.serve(ack('pubrel', 1));
  rig.resume().forget();
  rig.serve(inbound(2, 2), inbound(1, 2, { dup: true }));
  rig.session.complete(0);
  assert.deepEqual(rig.answers(), []);
  rig.session.accept(1);
  assert.deepEqual(rig.answers(), ['pubrec 2', 'pubrec 1']);
});

test('S21: but not when the id has come for a new message meanwhile: that one waits for its own commit (R1)', () => {
  const rig = new SessionRig().connect().forget();
  rig.serve(inbound(1, 2));
  rig.session.accept(0);
  rig.serve(ack('pubrel', 1));
  rig.resume().forget();
  rig.serve(inbound(2, 2), inbound(1, 2, { dup: true }));
  rig.session.complete(0);
  rig.serve(inbound(1, 2));
  rig.session.accept(1);
  assert.deepEqual(rig.answers(), ['pubrec 2']);
});
