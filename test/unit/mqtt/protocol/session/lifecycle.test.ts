import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionState } from '../../../../../src/mqtt/protocol/index.js';
import { ack, inbound, outbound, SessionRig } from '../../../../support/rigs/session-rig.js';

/** A session that holds one row of each kind. */
function holding(): SessionRig {
  const rig = new SessionRig().connect();
  for (const [seq, qos] of [
    [0, 2],
    [1, 2],
    [2, 1],
  ] as const)
    rig.session.publish(outbound(seq, qos));
  rig.serve(ack('pubrec', 1), inbound(1, 2));
  rig.session.release(0);
  rig.session.accept(0);
  return rig;
}

function closeOf(rig: SessionRig) {
  const events = rig.events().filter(({ type }) => type === 'close');
  assert.equal(events.length, 1);
  const [event] = events;
  return event?.type === 'close' ? event.error : undefined;
}

test('`connected` tells the version of the connection, which no limit of the server does', () => {
  for (const version of [3, 4, 5] as const) {
    const connected = new SessionRig()
      .connect({ version })
      .events()
      .find((event) => event.type === 'connected');
    assert.equal(connected?.version, version);
  }
});

test('CONNECT says what was asked for and leaves the defaults of the specification out', () => {
  const rig = new SessionRig({ receiveMaximum: 1000, topicAliasMaximum: 10, maximumPacketSize: 5000 });
  rig.dial({ username: 'u', keepAlive: 30, sessionExpiryInterval: 60, requestProblemInformation: false });
  const common = { type: 'connect', clientId: 'client', clean: false, username: 'u' };
  assert.deepEqual(rig.written(), [
    {
      ...common,
      version: 5,
      keepAlive: 30,
      properties: {
        sessionExpiryInterval: 60,
        receiveMaximum: 1000,
        maximumPacketSize: 5000,
        topicAliasMaximum: 10,
        requestProblemInformation: false,
      },
    },
  ]);
  const old = new SessionRig();
  old.dial({ version: 4, username: 'u' });
  assert.deepEqual(old.written(), [{ ...common, version: 4, keepAlive: 60 }]);
});

test('a client id is checked against its version', () => {
  const connect = (clientId: string, version: 3 | 4, clean = false) =>
    new SessionRig({ clientId }).dial({ version, clean });
  assert.throws(() => connect('', 3, true), { code: 'INVALID_OPTIONS' });
  assert.throws(() => connect('x'.repeat(24), 3), { code: 'INVALID_OPTIONS' });
  assert.throws(() => connect('', 4), { code: 'INVALID_OPTIONS' });
  connect('x'.repeat(23), 3);
  connect('', 4, true);
});

test('a CONNECT that the codec refuses leaves the session as it was', () => {
  const rig = new SessionRig();
  const will = { topic: 'a/#', payload: new Uint8Array(0), qos: 0, retain: false } as const;
  assert.throws(() => rig.dial({ will }), { code: 'INVALID_TOPIC' });
  assert.equal(rig.session.hasOutput, false);
  assert.deepEqual(rig.connect().eventTypes(), ['connected']);
});

test('the assigned client id is ours from then on [MQTT-3.2.2-16]', () => {
  const rig = new SessionRig({ clientId: '' }).connect({}, { properties: { assignedClientIdentifier: 'auto-1' } });
  const [event] = rig.events();
  assert.equal(event?.type === 'connected' && event.clientId, 'auto-1');
  rig.resume();
  const connect = rig.written().at(-1);
  assert.equal(connect?.type === 'connect' && connect.clientId, 'auto-1');
});

test('what a CONNACK answers although nobody asked ends a strict session, and is ignored by a tolerant one', () => {
  const tolerance = { refuseControlCharacters: false };
  for (const properties of [
    { assignedClientIdentifier: 'other' },
    { responseInformation: 'r' },
    { authenticationMethod: 'SCRAM' },
  ]) {
    const tolerant = new SessionRig({ tolerance }).connect({}, { properties });
    const [event] = tolerant.events();
    assert.equal(event?.type === 'connected' && event.clientId, 'client', 'a client id that we have stays ours');
    if ('authenticationMethod' in properties) continue;
    assert.deepEqual(new SessionRig().connect({}, { properties }).eventTypes(), ['close']);
  }
});

test('a DISCONNECT below 5.0 ends a strict session as an error of the server, and a tolerant one as a close would', () => {
  const tolerance = { refuseControlCharacters: false };
  for (const version of [4, 3] as const) {
    const ends = [new SessionRig(), new SessionRig({ tolerance })].map((rig) => {
      rig.connect({ version });
      rig.serveBytes(Uint8Array.of(0xe0, 0));
      const end = rig.events().at(-1);
      return end?.type === 'close' ? [end.error.code, end.error.retryable, end.inOrder] : undefined;
    });
    assert.deepEqual(ends, [
      ['PROTOCOL_ERROR', true, false],
      ['CONNECTION_LOST', true, true],
    ]);
  }
});

test('the server limits are those of the CONNACK, with the defaults of the specification', () => {
  const rig = new SessionRig().connect({ keepAlive: 60 }, { properties: { serverKeepAlive: 5, receiveMaximum: 7 } });
  assert.deepEqual(rig.session.limits, {
    receiveMaximum: 7,
    maximumQoS: 2,
    retainAvailable: true,
    maximumPacketSize: 268_435_460,
    topicAliasMaximum: 0,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: true,
    keepAlive: 5,
    sessionExpiryInterval: 3600,
  });
  rig.cut();
  assert.equal(rig.session.limits, undefined);
});

test('CONNACK refusals say what is wrong, and whether to try again', () => {
  const cases = [
    [5, 0x84, 'UNSUPPORTED_PROTOCOL_VERSION', false],
    [5, 0x85, 'CLIENT_ID_REJECTED', false],
    [5, 0x86, 'BAD_CREDENTIALS', false],
    [5, 0x87, 'NOT_AUTHORIZED', false],
    [5, 0x88, 'CONNECTION_REFUSED_BY_BROKER', true],
    [5, 0x97, 'CONNECTION_REFUSED_BY_BROKER', true],
    [5, 0x8a, 'CONNECTION_REFUSED_BY_BROKER', false],
    [4, 1, 'UNSUPPORTED_PROTOCOL_VERSION', false],
    [4, 2, 'CLIENT_ID_REJECTED', false],
    [4, 3, 'CONNECTION_REFUSED_BY_BROKER', true],
    [4, 4, 'BAD_CREDENTIALS', false],
    [3, 5, 'NOT_AUTHORIZED', false],
  ] as const;
  for (const [version, reasonCode, code, retryable] of cases) {
    const properties = version === 5 ? { properties: { reasonString: 'because' } } : {};
    const rig = new SessionRig().connect({ version }, { reasonCode, ...properties });
    const error = closeOf(rig);
    assert.deepEqual([error?.code, error?.reasonCode, error?.retryable], [code, reasonCode, retryable]);
    assert.deepEqual(error?.details, version === 5 ? { reasonString: 'because' } : {});
    assert.deepEqual(rig.answers(), ['connect'], 'nothing follows a refusal');
  }
});

test('a DISCONNECT of the server is told with its code, 0x8E as a conflict of client ids', () => {
  for (const [reasonCode, code] of [
    [0x8b, 'DISCONNECTED_BY_BROKER'],
    [0x8e, 'DISCONNECTED_BY_BROKER'],
  ] as const) {
    const rig = new SessionRig().connect().forget();
    rig.serve({ type: 'disconnect', reasonCode });
    const error = closeOf(rig);
    assert.deepEqual([error?.code, error?.reasonCode], [code, reasonCode]);
    assert.deepEqual(rig.answers(), []);
  }
});

test('a DISCONNECT in the place of CONNACK is told with its code, and judged by it', () => {
  const properties = { serverReference: 'other.example:1883' };
  for (const [reasonCode, text, retryable] of [
    [0x89, 'Server busy', true],
    [0x9c, 'Use another server, it names "other.example:1883"', true],
    [0x8f, 'Topic Filter invalid', false],
  ] as const) {
    const rig = new SessionRig();
    rig.dial();
    rig.forget();
    rig.serve({ type: 'disconnect', reasonCode, ...(reasonCode === 0x9c ? { properties } : {}) });
    const error = closeOf(rig);
    assert.deepEqual(
      [error?.code, error?.reasonCode, error?.retryable, error?.message],
      [
        'DISCONNECTED_BY_BROKER',
        reasonCode,
        retryable,
        `The broker ended the connection before it answered CONNECT: ${text}`,
      ],
    );
    assert.deepEqual(rig.answers(), []);
  }
});

test('a redirect says where to and how it is followed; a filter that the server cannot serve is final', () => {
  const properties = { serverReference: 'other.example:1883' };
  const refused = new SessionRig();
  refused.connect({}, { reasonCode: 0x9d, properties });
  const ended = new SessionRig().connect().forget();
  ended.serve({ type: 'disconnect', reasonCode: 0x9c, properties });
  for (const [event] of [refused.events(), ended.events()]) {
    assert.ok(event?.type === 'close');
    assert.equal(event.error.retryable, true);
    assert.deepEqual(event.error.details, properties);
    assert.match(event.error.message, /, it names "other.example:1883"$/);
    assert.match(event.error.advice ?? '', /followServerReference/);
  }
  const invalid = new SessionRig().connect().forget();
  invalid.serve({ type: 'disconnect', reasonCode: 0x8f });
  const [event] = invalid.events();
  assert.ok(event?.type === 'close' && !event.error.retryable);
});

test('what the server may not send now ends the connection, told by DISCONNECT after CONNACK only', () => {
  const before = new SessionRig();
  before.dial();
  before.serve({ type: 'pingresp' });
  assert.equal(closeOf(before)?.code, 'PROTOCOL_ERROR');
  assert.deepEqual(before.answers(), ['connect']);
  const connack = { type: 'connack', sessionPresent: false, reasonCode: 0 } as const;
  for (const packet of [connack, { type: 'auth', reasonCode: 0 }] as const) {
    const rig = new SessionRig().connect().forget();
    rig.serve(packet, inbound(1, 1));
    assert.equal(closeOf(rig)?.code, 'PROTOCOL_ERROR');
    assert.deepEqual(rig.answers(), ['disconnect 0x82']);
  }
  const old = new SessionRig().connect({ version: 4 }).forget();
  old.serve(connack);
  assert.equal(closeOf(old)?.code, 'PROTOCOL_ERROR');
  assert.deepEqual(old.answers(), []);
});

test('a session present after a clean start is a protocol error [MQTT-3.2.2-4]', () => {
  const rig = new SessionRig().connect({ clean: true }, { sessionPresent: true });
  assert.equal(closeOf(rig)?.reasonCode, 0x82);
});

test('problem information that was not asked for is told 0x82 [MQTT-3.1.2-29]', () => {
  const rig = new SessionRig().connect({ requestProblemInformation: false }).forget();
  rig.session.publish(outbound(0, 1));
  rig.serve({ type: 'puback', packetId: 1, reasonCode: 0, properties: { reasonString: 'x' } });
  assert.equal(closeOf(rig)?.reasonCode, 0x82);
});

test('nothing is read or written after the connection is over, and the session stays', () => {
  const rig = holding();
  rig.serveBytes(Uint8Array.of(0x00, 0x00));
  rig.forget();
  rig.serve(inbound(9, 1));
  rig.session.handleTimeout(1e9);
  rig.session.release(1);
  rig.session.disconnect();
  assert.deepEqual(rig.events(), []);
  assert.deepEqual(rig.answers(), []);
  assert.equal(rig.session.deadline(), Number.POSITIVE_INFINITY);
  assert.equal(rig.session.inflight, 3);
  assert.throws(() => rig.session.publish(outbound(9, 0)), { code: 'INVALID_STATE' });
  assert.throws(() => rig.session.subscribe([{ filter: 'a', qos: 0 }]), { code: 'INVALID_STATE' });
});

test('R15: a graceful end keeps the session, and cannot give it an expiry that CONNECT did not', () => {
  const rig = new SessionRig().connect({ sessionExpiryInterval: 0 }).forget();
  assert.throws(() => rig.session.disconnect(0, { sessionExpiryInterval: 5 }), { code: 'INVALID_MESSAGE' });
  rig.session.disconnect();
  rig.session.disconnect();
  rig.serve(inbound(1, 1));
  assert.deepEqual(rig.written(), [{ type: 'disconnect', reasonCode: 0 }]);
  assert.deepEqual(rig.events(), []);
});

test('a Maximum Packet Size without room for a DISCONNECT that ends the session is given that much', () => {
  const rig = new SessionRig().connect({ sessionExpiryInterval: 5 }, { properties: { maximumPacketSize: 2 } }).forget();
  rig.session.disconnect(0, { sessionExpiryInterval: 0 });
  assert.deepEqual(rig.written(), [{ type: 'disconnect', reasonCode: 0, properties: { sessionExpiryInterval: 0 } }]);
});

test('R5: a fresh session without anything held is a new epoch, and only that', () => {
  const rig = new SessionRig().connect();
  rig.cut();
  rig.connect();
  const epochs = rig
    .events()
    .map((event) => (event.type === 'connected' ? [event.epoch, event.sessionPresent] : event));
  assert.deepEqual(epochs, [
    [1, false],
    [2, false],
  ]);
});

test('R5: a lost session stops everything until its owner begins a new epoch', () => {
  const rig = holding();
  rig.cut();
  rig.forget().connect({}, {});
  assert.deepEqual(rig.eventTypes(), ['connected', 'session-lost']);
  assert.equal(rig.session.credit, 0);
  assert.throws(() => rig.session.publish(outbound(9, 0)), { code: 'INVALID_STATE' });
  rig.serve(ack('pubcomp', 1), ack('puback', 3), inbound(1, 2));
  assert.deepEqual(rig.events(), [], 'what comes meanwhile waits');
  assert.deepEqual(rig.answers(), ['connect']);
  assert.deepEqual(rig.session.startEpoch('redeliver'), []);
  assert.deepEqual(rig.answers(), ['publish 1', 'publish 2', 'publish 3'], 'DUP 0, in order');
  assert.deepEqual(rig.eventTypes(), ['message'], 'an acknowledgement from before is not theirs');
  assert.equal(rig.session.inflight, 3);
});

test('R14a: an acknowledgement that comes with CONNACK is not for what goes out after it', () => {
  const rig = holding();
  rig.cut();
  rig.forget().dial();
  rig.serve({ type: 'connack', sessionPresent: true, reasonCode: 0 }, ack('puback', 3), ack('pubcomp', 1));
  assert.deepEqual(rig.eventTypes(), ['connected']);
  assert.equal(rig.session.inflight, 3);
});

test('R5: after the loss an id of the old epoch is a new message, and an old acknowledgement is not success', () => {
  const rig = holding();
  rig.cut();
  rig.forget().connect();
  rig.session.startEpoch('redeliver');
  rig.forget();
  rig.serve(inbound(1, 2));
  assert.deepEqual(rig.eventTypes(), ['message']);
  rig.serve(ack('pubcomp', 1));
  assert.deepEqual(rig.eventTypes(), ['close'], 'the message was sent again and has no PUBREC yet');
});

test('R17: drop gives up what is in doubt and nothing else', () => {
  const rig = holding();
  const unsent = { message: outbound(7, 1), stage: 'unsent' } as const;
  const state: SessionState = rig.session.state();
  const next = new SessionRig({ state: { ...state, outbound: [...state.outbound, unsent] } });
  next.connect();
  const lost = next.events().at(-1);
  assert.deepEqual(lost, { type: 'session-lost', inDoubt: [0, 1, 2], epoch: 2, wentBack: false });
  next.written();
  assert.deepEqual(next.session.startEpoch('drop'), [outbound(0, 2), outbound(1, 2), outbound(2, 1)]);
  assert.deepEqual(next.answers(), ['publish 8']);
});

test('R5: a loss that was not settled is a loss on the next connection too', () => {
  const rig = holding();
  rig.cut();
  rig.connect();
  rig.resume();
  assert.deepEqual(rig.eventTypes().slice(-2), ['connected', 'session-lost']);
  rig.cut();
  assert.deepEqual(rig.session.startEpoch('redeliver'), []);
  rig.forget().connect({}, { sessionPresent: true });
  assert.deepEqual(rig.eventTypes(), ['connected']);
  assert.deepEqual(rig.answers(), ['connect', 'publish 1', 'publish 2', 'publish 3']);
  assert.throws(() => rig.session.startEpoch('drop'), { code: 'INVALID_STATE' });
});

test('R5a: a session that a clean CONNECT without CONNACK may have made is not ours', () => {
  const rig = holding();
  rig.cut();
  rig.dial({ clean: true });
  rig.resume();
  assert.deepEqual(rig.eventTypes().slice(-2), ['connected', 'session-lost']);
});

test('3.1 does not tell of sessions, so one that was kept counts as present', () => {
  const rig = new SessionRig().connect({ version: 3 });
  rig.session.publish(outbound(0, 1));
  rig.cut();
  rig.forget().connect({ version: 3 });
  assert.deepEqual(rig.eventTypes(), ['connected']);
  assert.deepEqual(rig.answers(), ['connect', 'publish+ 1']);
});

test('the state is plain data: given to another session it goes on in the same way', () => {
  const rig = holding();
  const state = structuredClone(rig.session.state());
  const next = new SessionRig({ state });
  assert.deepEqual(next.session.state(), state);
  const answers = [rig.resume(), next.connect({}, { sessionPresent: true })].map((each) => {
    const resumed = each.answers().slice(-3);
    each.serve(inbound(1, 2, { dup: true }), ack('pubrel', 1), ack('pubcomp', 1), ack('pubrec', 2), ack('puback', 3));
    each.session.complete(0);
    each.session.release(1);
    return [resumed, each.answers(), each.session.state()];
  });
  assert.deepEqual(answers[0], answers[1]);
  assert.deepEqual(answers[0]?.[0], ['pubrel 1', 'publish+ 2', 'publish+ 3']);
});

test('a restored message that was received is told again, since nobody in this process knows', () => {
  const state: SessionState = { epoch: 3, inbound: [], outbound: [{ message: outbound(4, 2), stage: 'received' }] };
  const rig = new SessionRig({ state }).connect({}, { sessionPresent: true });
  assert.deepEqual(rig.events().at(-1), { type: 'received', seq: 4, message: outbound(4, 2), reasonCode: 0 });
  rig.session.release(4);
  assert.deepEqual(rig.answers(), ['connect', 'pubrel 5']);
  rig.resume();
  assert.deepEqual(rig.eventTypes(), ['connected']);
});
