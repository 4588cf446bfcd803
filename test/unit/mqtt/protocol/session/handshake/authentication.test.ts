import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Packet } from '../../../../../../src/mqtt/protocol/index.js';
import { inbound, outbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

const METHOD = 'SCRAM-SHA-256';
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** AUTH as either end writes it. */
function auth(reasonCode: number, data?: string, authenticationMethod = METHOD): Packet {
  const properties = { authenticationMethod, ...(data === undefined ? {} : { authenticationData: bytes(data) }) };
  return { type: 'auth', reasonCode, properties };
}

function connack(data?: string, authenticationMethod: string | undefined = METHOD): Packet {
  const method = authenticationMethod === '' ? {} : { authenticationMethod };
  const properties = { ...method, ...(data === undefined ? {} : { authenticationData: bytes(data) }) };
  return { type: 'connack', sessionPresent: false, reasonCode: 0, properties };
}

/** CONNECT with a method is written. */
function dialled(options = {}): SessionRig {
  const rig = new SessionRig(options);
  rig.dial({ authentication: { method: METHOD, data: bytes('first') } });
  return rig;
}

/** Authenticated and connected. */
function authenticated(options = {}): SessionRig {
  const rig = dialled(options);
  rig.serve(connack('proof'));
  rig.session.admit();
  return rig.forget();
}

function errorOf(rig: SessionRig) {
  const event = rig.events().at(-1);
  return event?.type === 'close' ? event.error : undefined;
}

test('CONNECT names method and data; each AUTH of the server is answered by AUTH 0x18 with the same method [MQTT-4.12.0-2, 4.12.0-3, 4.12.0-5]', () => {
  const rig = dialled();
  const [connect] = rig.written();
  assert.ok(connect?.type === 'connect');
  assert.deepEqual(connect.properties?.authenticationMethod, METHOD);
  assert.deepEqual(connect.properties?.authenticationData, bytes('first'));
  for (const round of ['one', 'two']) {
    rig.serve(auth(0x18, round));
    assert.deepEqual(rig.events(), [{ type: 'auth-challenge', data: bytes(round) }]);
    rig.session.authenticate(bytes(`answer to ${round}`));
    assert.deepEqual(rig.written(), [auth(0x18, `answer to ${round}`)]);
  }
  rig.serve(auth(0x18));
  assert.deepEqual(rig.events(), [{ type: 'auth-challenge', data: new Uint8Array(0) }]);
  rig.session.authenticate(undefined);
  assert.deepEqual(rig.written(), [auth(0x18)]);
});

test('nothing but AUTH is written before CONNACK, however long it takes [MQTT-3.1.2-30]', () => {
  const rig = dialled({ connackTimeoutMs: 500_000 });
  rig.forget();
  rig.serve(auth(0x18));
  for (rig.now = 0; rig.now < 400_000; rig.now += 10_000) rig.session.handleTimeout(rig.now);
  assert.throws(() => rig.session.publish(outbound(0, 1)), { code: 'INVALID_STATE' });
  assert.throws(() => rig.session.subscribe([{ filter: 'a', qos: 1 }]), { code: 'INVALID_STATE' });
  assert.throws(() => rig.session.reauthenticate(undefined), { code: 'INVALID_STATE' });
  assert.deepEqual(rig.written(), []);
});

test('what comes with a CONNACK waits until its owner believes the server', () => {
  const rig = dialled();
  rig.forget();
  rig.serve(connack('proof'), inbound(1, 1));
  assert.deepEqual(rig.events(), [{ type: 'auth-success', data: bytes('proof'), initial: true }]);
  assert.equal(rig.session.limits, undefined);
  assert.throws(() => rig.session.subscribe([{ filter: 'a', qos: 1 }]), { code: 'INVALID_STATE' });
  rig.session.admit();
  assert.deepEqual(rig.eventTypes(), ['connected', 'message']);
  assert.throws(() => rig.session.admit(), { code: 'INVALID_STATE' });
});

test('what comes while the owner decides has a bound', () => {
  const rig = dialled();
  rig.forget();
  rig.serve(connack());
  for (let sent = 0; sent <= 16; sent += 1) rig.serveBytes(new Uint8Array(1024 * 1024));
  assert.equal(errorOf(rig)?.code, 'PROTOCOL_ERROR');
});

test('an owner that does not believe the server says so and closes, and nothing was connected', () => {
  const rig = dialled();
  rig.forget();
  rig.serve(connack('a lie'));
  rig.session.disconnect(0x80);
  assert.deepEqual(rig.answers(), ['disconnect 0x80']);
  rig.session.admit();
  assert.deepEqual(rig.eventTypes(), ['auth-success']);
});

test('AUTH although CONNECT named no method is a protocol error [MQTT-4.12.0-6], and none is sent [MQTT-4.12.0-7]', () => {
  const before = new SessionRig();
  before.dial();
  before.serve(auth(0x18));
  assert.equal(errorOf(before)?.reasonCode, 0x82);
  const after = new SessionRig().connect().forget();
  after.serve(auth(0x18));
  assert.equal(errorOf(after)?.reasonCode, 0x82);
  assert.deepEqual(after.answers(), ['disconnect 0x82']);
  for (const send of ['authenticate', 'reauthenticate'] as const) {
    const without = new SessionRig().connect().forget();
    assert.throws(() => without.session[send](undefined), { code: 'INVALID_STATE' });
    assert.deepEqual(without.written(), []);
  }
});

test('AUTH or CONNACK with another method, or none, is a protocol error [MQTT-4.12.0-5]', () => {
  for (const packet of [auth(0x18, 'x', 'OTHER'), connack('x', 'OTHER'), connack('x', '')]) {
    const rig = dialled();
    rig.serve(packet);
    assert.equal(errorOf(rig)?.reasonCode, 0x82);
  }
  const live = authenticated();
  live.session.reauthenticate(undefined);
  live.serve(auth(0x00, 'x', 'OTHER'));
  assert.equal(errorOf(live)?.reasonCode, 0x82);
});

test('AUTH out of turn is a protocol error [MQTT-4.12.0-2, 4.12.1-1]', () => {
  const cases: Record<string, (rig: SessionRig) => void> = {
    'success before CONNACK': (rig) => rig.serve(auth(0x00)),
    'two questions without an answer': (rig) => rig.serve(auth(0x18), auth(0x18)),
    'CONNACK instead of an answer': (rig) => rig.serve(auth(0x18), connack()),
  };
  for (const [name, play] of Object.entries(cases)) {
    const rig = dialled();
    play(rig);
    assert.equal(errorOf(rig)?.reasonCode, 0x82, name);
  }
  for (const packet of [auth(0x18), auth(0x00)]) {
    const rig = authenticated();
    rig.serve(packet);
    assert.equal(errorOf(rig)?.reasonCode, 0x82, 'nobody asked to authenticate anew');
  }
});

test('AUTH from the server with 0x19, or with a reserved flag, is refused by the codec [MQTT-3.15.1-1, 3.15.2-1]', () => {
  const bodies = { reauthenticate: [0xf0, 0x01, 0x19], unknown: [0xf0, 0x01, 0x17], flags: [0xf1, 0x00] };
  for (const [name, packet] of Object.entries(bodies)) {
    const rig = dialled();
    rig.serveBytes(Uint8Array.from(packet));
    assert.match(String(errorOf(rig)?.code), /PROTOCOL_ERROR|MALFORMED_PACKET/, name);
  }
});

test('re-authentication goes on while messages flow in both directions, and ends with AUTH 0x00 [MQTT-4.12.1-1]', () => {
  const rig = authenticated();
  rig.session.reauthenticate(bytes('again'));
  rig.session.publish(outbound(0, 1));
  rig.serve(inbound(7, 1), auth(0x18, 'who?'));
  assert.throws(() => rig.session.reauthenticate(undefined), { code: 'INVALID_STATE' });
  rig.session.accept(0);
  rig.session.authenticate(bytes('I'));
  assert.deepEqual(
    rig.written().map(({ type }) => type),
    ['auth', 'publish', 'puback', 'auth'],
  );
  rig.serve(auth(0x00, 'fine'));
  assert.deepEqual(rig.eventTypes(), ['message', 'auth-challenge', 'auth-success']);
  rig.session.reauthenticate(undefined);
  assert.deepEqual(rig.written(), [auth(0x19)]);
});

test('AUTH 0x19 names the method of CONNECT [MQTT-4.12.1-1]', () => {
  const rig = authenticated();
  rig.session.reauthenticate(bytes('again'));
  assert.deepEqual(rig.written(), [auth(0x19, 'again')]);
});

test('a server that does not go on is not waited for, before CONNACK nor later', () => {
  const before = dialled({ connackTimeoutMs: 5000 });
  before.now = 3000;
  before.serve(auth(0x18));
  before.session.authenticate(undefined);
  before.now = 5000;
  before.session.handleTimeout(5000);
  assert.deepEqual(errorOf(before)?.details, { awaited: 'CONNACK' });

  const later = authenticated({ connackTimeoutMs: 5000 });
  later.session.reauthenticate(undefined);
  later.serve(inbound(1, 1));
  assert.equal(later.session.deadline(), 5000);
  later.now = 5000;
  later.session.handleTimeout(5000);
  assert.deepEqual(errorOf(later)?.details, { awaited: 'AUTH' });
});

test('our own side that does not answer is named, not the server', () => {
  const rig = dialled({ connackTimeoutMs: 5000 });
  rig.serve(auth(0x18));
  rig.now = 5000;
  rig.session.handleTimeout(5000);
  const error = errorOf(rig);
  assert.equal(error?.code, 'TIMEOUT');
  assert.deepEqual(error?.details, { awaited: 'authentication' });

  const ended = authenticated({ connackTimeoutMs: 5000 });
  ended.session.reauthenticate(undefined);
  ended.serve(auth(0x00));
  ended.now = 5500;
  ended.session.handleTimeout(5500);
  assert.deepEqual(ended.events(), [{ type: 'auth-success', data: new Uint8Array(0), initial: false }]);
});

test('the next connection begins anew, with a method or without', () => {
  const rig = dialled();
  rig.serve(auth(0x18));
  rig.cut();
  rig.dial();
  rig.serve({ type: 'connack', sessionPresent: false, reasonCode: 0 });
  assert.deepEqual(rig.eventTypes(), ['auth-challenge', 'connected']);
});

test('a refusal needs no method, and a problem that was not to be explained is an error [MQTT-3.1.2-29]', () => {
  const refused = dialled();
  refused.serve({ type: 'connack', sessionPresent: false, reasonCode: 0x8c });
  const error = errorOf(refused);
  assert.deepEqual([error?.code, error?.reasonCode, error?.retryable], ['CONNECTION_REFUSED_BY_BROKER', 0x8c, false]);
  assert.match(error?.advice ?? '', /authentication/);
  const rig = new SessionRig();
  rig.dial({ authentication: { method: METHOD }, requestProblemInformation: false });
  rig.serve(connack());
  rig.session.admit();
  rig.session.reauthenticate(undefined);
  rig.forget();
  rig.serve({ type: 'auth', reasonCode: 0, properties: { authenticationMethod: METHOD, reasonString: 'because' } });
  assert.equal(errorOf(rig)?.reasonCode, 0x82);
});

test('an AUTH that is larger than the server takes is not written [MQTT-3.15.2-2, 3.15.2-3]', () => {
  const rig = dialled();
  rig.serve({
    type: 'connack',
    sessionPresent: false,
    reasonCode: 0,
    properties: { authenticationMethod: METHOD, maximumPacketSize: 50 },
  });
  rig.session.admit();
  rig.forget();
  assert.throws(() => rig.session.reauthenticate(new Uint8Array(100)), { code: 'MESSAGE_TOO_LARGE' });
  assert.deepEqual(rig.written(), []);
  rig.session.reauthenticate(undefined);
  assert.deepEqual(rig.written(), [auth(0x19)]);
});

test('a connection may authenticate anew before its session is settled, which may take long', () => {
  const rig = new SessionRig();
  rig.dial({ authentication: { method: METHOD }, unproven: true });
  rig.serve({ ...connack(), sessionPresent: true } as Packet);
  rig.session.admit();
  assert.deepEqual(rig.eventTypes().slice(-2), ['connected', 'session-unproven']);
  rig.forget();
  rig.session.reauthenticate(undefined);
  assert.deepEqual(rig.written(), [auth(0x19)]);
  rig.session.trust();
  rig.serve(auth(0));
  assert.deepEqual(rig.eventTypes(), ['auth-success']);
});
