import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ack, inbound, outbound, SessionRig } from '../../../../support/rigs/session-rig.js';

const SECOND = 1000;

/** Lets time pass as a good driver does: to each deadline in turn, until `end` (exclusive). */
function pass(rig: SessionRig, end: number): void {
  for (let at = rig.session.deadline(); at < end; at = rig.session.deadline()) {
    assert.ok(at >= rig.now, 'deadlines do not lie in the past');
    rig.now = at;
    rig.session.handleTimeout(at);
  }
  rig.now = end;
}

function timeoutOf(rig: SessionRig): unknown {
  const [event] = rig.events();
  return event?.type === 'close' ? [event.error.code, event.error.details.awaited] : event;
}

test('CONNACK has to come in time', () => {
  const rig = new SessionRig({ connackTimeoutMs: 5 * SECOND });
  rig.dial();
  pass(rig, 5 * SECOND);
  assert.deepEqual(rig.events(), []);
  pass(rig, 6 * SECOND);
  assert.deepEqual(timeoutOf(rig), ['TIMEOUT', 'CONNACK']);
  assert.equal(rig.session.deadline(), Number.POSITIVE_INFINITY);
});

test('PINGREQ goes out when nothing was sent for three quarters of the keep-alive, and what is sent moves it (S20)', () => {
  const rig = new SessionRig().connect({ keepAlive: 40 }).forget();
  assert.equal(rig.session.deadline(), 30 * SECOND);
  rig.now = 20 * SECOND;
  rig.serve(inbound(1, 1));
  rig.session.accept(0);
  pass(rig, 50 * SECOND);
  assert.deepEqual(rig.answers(), ['puback 1']);
  pass(rig, 51 * SECOND);
  assert.deepEqual(rig.answers(), ['pingreq']);
});

test('a PINGREQ may come early after a command, which has no clock, and never late', () => {
  const rig = new SessionRig().connect({ keepAlive: 40 }).forget();
  rig.session.publish(outbound(0, 0));
  rig.now = 20 * SECOND;
  rig.session.publish(outbound(0, 0));
  rig.serve({ type: 'pingresp' });
  assert.ok(rig.session.deadline() <= 50 * SECOND);
  pass(rig, 51 * SECOND);
  assert.ok(rig.answers().includes('pingreq'));
});

test('Server Keep Alive binds [MQTT-3.2.2-21], and 0 turns keep-alive off', () => {
  assert.equal(new SessionRig().connect({}, { properties: { serverKeepAlive: 8 } }).session.deadline(), 6 * SECOND);
  assert.equal(new SessionRig().connect({ keepAlive: 0 }).session.deadline(), Number.POSITIVE_INFINITY);
});

test('PINGRESP has to come in time', () => {
  const rig = new SessionRig({ pingrespTimeoutMs: 5 * SECOND }).connect({ keepAlive: 40 }).forget();
  pass(rig, 34 * SECOND);
  rig.serve({ type: 'pingresp' });
  pass(rig, 61 * SECOND);
  assert.deepEqual(rig.events(), []);
  pass(rig, 65 * SECOND + 1);
  assert.deepEqual(timeoutOf(rig), ['TIMEOUT', 'PINGRESP']);
});

test('a server that sends packets is alive although its PINGRESP is far behind; one that dribbles bytes is not (H3)', () => {
  const alive = new SessionRig({ pingrespTimeoutMs: 5 * SECOND }).connect({ keepAlive: 40 }).forget();
  const slow = new SessionRig({ pingrespTimeoutMs: 5 * SECOND }).connect({ keepAlive: 40 }).forget();
  slow.serveBytes(Uint8Array.of(0x30, 0x7f));
  for (let at = 30 * SECOND; at < 60 * SECOND; at += SECOND) {
    pass(alive, at);
    pass(slow, at);
    alive.serve(inbound(0, 0));
    slow.serveBytes(Uint8Array.of(0));
  }
  assert.ok(!alive.eventTypes().includes('close'));
  assert.deepEqual(timeoutOf(slow), ['TIMEOUT', 'PINGRESP']);
});

test('while nobody reads, the server cannot be silent, and PINGREQ still goes out', () => {
  const rig = new SessionRig({ pingrespTimeoutMs: 5 * SECOND, ackTimeoutMs: 10 * SECOND }).connect({ keepAlive: 40 });
  rig.session.publish(outbound(0, 1));
  rig.forget().session.setReading(false, 0);
  pass(rig, 100 * SECOND);
  assert.deepEqual(rig.answers(), ['pingreq', 'pingreq', 'pingreq']);
  assert.deepEqual(rig.events(), []);
  rig.session.setReading(true, rig.now);
  pass(rig, 105 * SECOND);
  assert.deepEqual(rig.events(), []);
  pass(rig, 106 * SECOND);
  assert.deepEqual(timeoutOf(rig), ['TIMEOUT', 'PINGRESP']);
});

test('pausing the reader does not make a PINGREQ late [MQTT-3.1.2-20]', () => {
  const rig = new SessionRig().connect({ keepAlive: 80 }).forget();
  rig.session.publish(outbound(0, 0));
  rig.now = 59 * SECOND;
  rig.session.setReading(false, rig.now);
  pass(rig, 61 * SECOND);
  assert.deepEqual(rig.answers(), ['publish 0', 'pingreq']);
});

test('R21: the broker has to acknowledge something while it owes something', () => {
  const rig = new SessionRig({ ackTimeoutMs: 10 * SECOND }).connect({ keepAlive: 0 }).forget();
  for (const seq of [0, 1]) rig.session.publish(outbound(seq, 1));
  rig.session.handleTimeout(0);
  rig.now = 9 * SECOND;
  rig.serve(ack('puback', 1));
  pass(rig, 19 * SECOND);
  assert.deepEqual(rig.eventTypes(), ['delivered']);
  pass(rig, 20 * SECOND);
  assert.deepEqual(timeoutOf(rig), ['TIMEOUT', 'acknowledgement']);
});

test('R21: the error names the oldest message that the broker owes an acknowledgement for', () => {
  const rig = new SessionRig({ ackTimeoutMs: 10 * SECOND }).connect({ keepAlive: 0 }).forget();
  for (const seq of [0, 1, 2]) rig.session.publish(outbound(seq, seq === 1 ? 2 : 1));
  rig.serve(ack('puback', 1));
  rig.session.handleTimeout(0);
  pass(rig, 11 * SECOND);
  const close = rig.events().find(({ type }) => type === 'close');
  const { topic } = outbound(1, 2);
  assert.ok(close?.type === 'close');
  assert.match(
    close.error.message,
    new RegExp(`acknowledgement of the message to "${topic}" \\(packet id 2, QoS 2\\)`),
  );
  assert.deepEqual(close.error.details, { awaited: 'acknowledgement', topic, packetId: 2, qos: 2 });
});

test('a server that does not answer a CONNECT of 5.0 is told with the older version', () => {
  for (const version of [5, 4] as const) {
    const rig = new SessionRig({ connackTimeoutMs: 10 * SECOND });
    rig.dial({ version });
    pass(rig, 11 * SECOND);
    const close = rig.events().find(({ type }) => type === 'close');
    assert.ok(close?.type === 'close');
    assert.equal(/protocolVersion 4/.test(close.error.advice ?? ''), version === 5);
  }
});

test('R21: what waits for our own commit is not owed', () => {
  const rig = new SessionRig({ ackTimeoutMs: 10 * SECOND }).connect({ keepAlive: 0 }).forget();
  rig.session.publish(outbound(0, 2));
  rig.serve(ack('pubrec', 1));
  assert.equal(rig.session.deadline(), Number.POSITIVE_INFINITY);
  rig.session.release(0);
  pass(rig, 30 * SECOND);
  assert.deepEqual(rig.eventTypes(), ['received', 'close']);
});

test('R21: a message sent after a long quiet time gets its full time', () => {
  const rig = new SessionRig({ ackTimeoutMs: 10 * SECOND }).connect({ keepAlive: 0 }).forget();
  // The last instant that the session knows is 0; the message is really sent at 9 s.
  rig.session.publish(outbound(0, 1));
  pass(rig, 19 * SECOND);
  assert.deepEqual(rig.events(), []);
});

test('a driver that was stalled gives the peer one grace before it is declared silent (I2)', () => {
  const rig = new SessionRig({ pingrespTimeoutMs: 5 * SECOND }).connect({ keepAlive: 40 }).forget();
  rig.now = 30 * SECOND;
  rig.session.handleTimeout(rig.now);
  rig.now = 55 * SECOND;
  rig.session.handleTimeout(rig.now);
  assert.deepEqual(rig.events(), [], '20 s late: it may be our own stall');
  assert.equal(rig.session.deadline(), 60 * SECOND);
  rig.now = 70 * SECOND;
  rig.session.handleTimeout(rig.now);
  assert.deepEqual(timeoutOf(rig), ['TIMEOUT', 'PINGRESP']);
});

test('a stalled driver that then reads the PINGRESP stays connected', () => {
  const rig = new SessionRig({ pingrespTimeoutMs: 5 * SECOND }).connect({ keepAlive: 40 }).forget();
  for (const at of [30 * SECOND, 55 * SECOND]) rig.session.handleTimeout(at);
  rig.now = 55 * SECOND;
  rig.serve({ type: 'pingresp' });
  rig.session.handleTimeout(80 * SECOND);
  assert.deepEqual(rig.events(), []);
});

test('a call before the deadline does nothing', () => {
  const rig = new SessionRig().connect({ keepAlive: 40 }).forget();
  for (let at = 0; at < 30 * SECOND; at += 100) rig.session.handleTimeout(at);
  assert.deepEqual(rig.answers(), []);
});
