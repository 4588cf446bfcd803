import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AckPacket } from '../../../../../src/mqtt/protocol/index.js';
import { INBOUND_QOS1 } from '../../../../../src/mqtt/protocol/session/inbound/inbound-qos1-flow.js';
import { INBOUND_QOS2 } from '../../../../../src/mqtt/protocol/session/inbound/inbound-qos2-flow.js';
import { OUTBOUND_QOS1 } from '../../../../../src/mqtt/protocol/session/outbound/outbound-qos1-flow.js';
import { OUTBOUND_QOS2 } from '../../../../../src/mqtt/protocol/session/outbound/outbound-qos2-flow.js';
import { ack, inbound, outbound, SessionRig } from '../../../../support/rigs/session-rig.js';

type Answer = 'puback' | 'puback-refused' | 'pubrec' | 'pubrec-in-use' | 'pubrec-refused' | 'pubcomp';

const ANSWERS: Readonly<Record<Answer, Pick<AckPacket, 'type' | 'reasonCode'>>> = {
  puback: { type: 'puback', reasonCode: 0 },
  'puback-refused': { type: 'puback', reasonCode: 0x87 },
  pubrec: { type: 'pubrec', reasonCode: 0x10 },
  'pubrec-in-use': { type: 'pubrec', reasonCode: 0x91 },
  'pubrec-refused': { type: 'pubrec', reasonCode: 0x97 },
  pubcomp: { type: 'pubcomp', reasonCode: 0 },
};

type OutboundStart = 'sent' | 'resent' | 'received' | 'released';

function outboundAt(position: OutboundStart, qos: 1 | 2): SessionRig {
  const rig = new SessionRig().connect();
  rig.session.publish(outbound(0, qos));
  if (position === 'resent') rig.resume();
  if (position === 'received' || position === 'released') rig.serve(ack('pubrec', 1));
  if (position === 'released') rig.session.release(0);
  return rig.forget();
}

const OUTBOUND = [
  { qos: 1, flow: OUTBOUND_QOS1, positions: ['sent', 'resent'] },
  { qos: 2, flow: OUTBOUND_QOS2, positions: ['sent', 'resent', 'received', 'released'] },
] as const;

for (const { qos, flow, positions } of OUTBOUND) {
  for (const position of positions) {
    for (const [signal, { type, reasonCode }] of Object.entries(ANSWERS) as [Answer, AckPacket][]) {
      const transition = flow[position][signal];
      const outcome = transition === undefined ? 'is a protocol error' : `leads to ${transition.next}`;
      test(`outbound QoS ${qos}: ${signal} for a ${position} message ${outcome}`, () => {
        const rig = outboundAt(position, qos);
        rig.serve(ack(type, 1, reasonCode));
        const action = transition?.action ?? 'close';
        // PUBACK of a QoS 2 message: delivered, at QoS 1
        const expected = action === 'downgraded' ? 'delivered' : action;
        assert.deepEqual(rig.eventTypes(), expected === 'none' ? [] : [expected]);
        assert.deepEqual(rig.answers(), transition === undefined ? ['disconnect 0x82'] : []);
        const stage = rig.session.state().outbound[0]?.stage ?? 'done';
        const next = transition?.next ?? position;
        assert.equal(stage, next === 'resent' ? 'sent' : next);
      });
    }
  }
}

type InboundStart = 'free' | 'taken' | 'accepted' | 'releasing';

function inboundAt(position: InboundStart, qos: 1 | 2): SessionRig {
  const rig = new SessionRig().connect();
  if (position !== 'free') rig.serve(inbound(7, qos));
  if (position === 'accepted' || position === 'releasing') rig.session.accept(0);
  if (position === 'releasing') rig.serve(ack('pubrel', 7));
  return rig.forget();
}

const SERVER_SIGNALS = {
  publish: (qos: 1 | 2) => inbound(7, qos),
  'publish-dup': (qos: 1 | 2) => inbound(7, qos, { dup: true }),
  'publish-other': (qos: 1 | 2) => inbound(7, qos === 2 ? 1 : 2),
  pubrel: () => ack('pubrel', 7),
} as const;

const INBOUND_EVENTS = {
  deliver: ['message'],
  suspect: ['session-suspect', 'message'],
  answer: [],
  'answer-later': [],
  report: ['release'],
  pubcomp: [],
  'pubcomp-unknown': [],
  none: [],
};

function checkInbound(position: InboundStart, signal: keyof typeof SERVER_SIGNALS): void {
  const transition = INBOUND_QOS2[position][signal];
  const outcome = transition === undefined ? 'is a protocol error' : `does ${transition.action}`;
  test(`inbound QoS 2: ${signal} for an id that is ${position} ${outcome}`, () => {
    const rig = inboundAt(position, 2);
    rig.serve(SERVER_SIGNALS[signal](2));
    // The same PUBREL again on the same connection is one PUBREL.
    const repeated = position === 'releasing' && signal === 'pubrel';
    const events = transition === undefined ? ['close'] : INBOUND_EVENTS[transition.action];
    assert.deepEqual(rig.eventTypes(), repeated ? [] : events);
    const answers = { answer: ['pubrec 7'], 'pubcomp-unknown': ['pubcomp 7 0x92'] };
    const wanted = Object.entries(answers).find(([action]) => action === transition?.action)?.[1] ?? [];
    assert.deepEqual(rig.answers(), transition === undefined ? ['disconnect 0x82'] : wanted);
    assert.equal(rig.session.state().inbound[0]?.stage ?? 'free', transition?.next ?? position);
  });
}

for (const position of ['free', 'taken', 'accepted', 'releasing'] as const) {
  for (const signal of ['publish', 'publish-dup', 'pubrel'] as const) checkInbound(position, signal);
  if (position !== 'free') checkInbound(position, 'publish-other');
}

for (const position of ['free', 'taken'] as const) {
  for (const signal of ['publish', 'publish-dup'] as const) {
    const transition = INBOUND_QOS1[position][signal];
    test(`inbound QoS 1: ${signal} for an id that is ${position} ${transition?.action ?? 'is a protocol error'}`, () => {
      const rig = inboundAt(position, 1);
      rig.serve(SERVER_SIGNALS[signal](1));
      assert.deepEqual(rig.eventTypes(), transition === undefined ? ['close'] : INBOUND_EVENTS[transition.action]);
    });
  }
}

test('repeated and late commands of the owner do nothing', () => {
  const rig = inboundAt('releasing', 2);
  rig.session.complete(0);
  assert.deepEqual(rig.answers(), ['pubcomp 7']);
  for (const token of [0, 1, -1, Number.NaN]) {
    rig.session.accept(token);
    rig.session.complete(token);
    rig.session.release(token);
  }
  assert.deepEqual(rig.answers(), []);
});

test('PUBRELs are owed for PUBRECs of this connection, each once, until they come, or the session or the connection is lost', () => {
  const rig = new SessionRig({ storesIds: true }).connect();
  const { session } = rig;
  const owed = (): number => session.releasesOwed;
  rig.serve(inbound(7, 2), inbound(8, 2), inbound(9, 1));
  assert.equal(owed(), 0, 'no PUBREC is written');
  for (const token of [0, 1, 2]) session.accept(token);
  assert.equal(owed(), 2, 'a PUBACK has no answer');
  rig.serve(inbound(7, 2, { dup: true }));
  assert.equal(owed(), 2, 'a copy of one message');
  rig.serve(ack('pubrel', 7), ack('pubrel', 7));
  assert.equal(owed(), 1);
  rig.cut();
  assert.equal(owed(), 0);
  rig.connect({}, { sessionPresent: true });
  assert.equal(owed(), 0, 'the PUBREC of 8 went out on the connection before');
  rig.serve(inbound(8, 2, { dup: true }), ack('pubrel', 7), inbound(10, 2));
  assert.equal(owed(), 1, '8 has its PUBREC here, 7 its PUBREL, 10 nothing yet');
  session.complete(0);
  session.accept(3);
  assert.equal(owed(), 2);
  // the id means another message, so that the server has lost the session
  rig.serve(inbound(10, 2));
  assert.equal(owed(), 1);
  rig.serve(ack('pubrel', 8));
  assert.equal(owed(), 0);
});
