import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packetIdOf } from '../../../../../../src/mqtt/protocol/session/outbound/outbound-window.js';
import { MOST_BURNT, PacketIds } from '../../../../../../src/mqtt/protocol/session/outbound/packet-ids.js';
import { ack, outbound, SessionRig } from '../../../../../support/rigs/session-rig.js';

const PINGRESP = { type: 'pingresp' } as const;

/** Messages at QoS 2 in flight; the first `received` of them have their PUBREC, and are released. */
const inFlight = (count: number, received = 0): SessionRig => {
  const rig = new SessionRig().connect();
  for (let seq = 0; seq < count; seq += 1) rig.session.publish(outbound(seq, 2));
  for (let seq = count - received; seq < count; seq += 1) {
    rig.serve(ack('pubrec', packetIdOf(seq)));
    rig.session.release(seq);
  }
  return rig.forget();
};

const receiveMaximum = (limit: number) => ({ properties: { receiveMaximum: limit } });

describe('a session whose quota is used up', () => {
  it('sends each PUBREL all the same, behind PUBLISHes that wait, and counts them before it sends a PUBLISH [MQTT-3.3.4-8]', () => {
    const rig = inFlight(6, 3);
    rig.resume({}, receiveMaximum(3));
    assert.deepEqual(rig.answers(), ['connect', 'pubrel 4', 'pubrel 5', 'pubrel 6'], 'the server counts these three');
    rig.serve(ack('pubcomp', 5));
    assert.deepEqual(rig.answers(), ['publish+ 1']);
    rig.serve(ack('pubcomp', 4), ack('pubcomp', 6));
    assert.deepEqual(rig.answers(), ['publish+ 2', 'publish+ 3']);
    assert.deepEqual(rig.events().filter(({ type }) => type === 'delivered').length, 3);
  });

  it('keeps the order of all of them while there is quota (R12)', () => {
    const rig = inFlight(4, 2);
    rig.resume({}, receiveMaximum(4));
    assert.deepEqual(rig.answers(), ['connect', 'publish+ 1', 'publish+ 2', 'pubrel 3', 'pubrel 4']);
  });

  it('releases a message behind them as soon as its PUBREC is durable, once', () => {
    const rig = new SessionRig().connect();
    for (let seq = 0; seq < 3; seq += 1) rig.session.publish(outbound(seq, 2));
    rig.serve(ack('pubrec', 3));
    rig.forget().resume({}, receiveMaximum(1));
    assert.deepEqual(rig.answers(), ['connect']);
    rig.session.release(2);
    assert.deepEqual(rig.answers(), ['pubrel 3']);
    rig.serve(ack('pubcomp', 3));
    assert.deepEqual(rig.answers(), ['publish+ 1']);
    rig.serve(ack('pubrec', 1));
    rig.session.release(0);
    rig.serve(ack('pubcomp', 1));
    assert.deepEqual(rig.answers(), ['pubrel 1', 'publish+ 2']);
  });

  it('an answer to a PUBLISH that has not had its turn means nothing (R14a)', () => {
    const rig = inFlight(4, 2);
    rig.resume({}, receiveMaximum(2)).forget();
    rig.serve(ack('pubrec', 1), ack('pubrec', 2));
    assert.deepEqual(rig.events(), []);
  });
});

describe('Session.pace (R20a)', () => {
  const paced = (count: number, window: number): SessionRig => {
    const rig = inFlight(count);
    rig.cut();
    rig.session.pace(window, 0);
    return rig.connect({}, { sessionPresent: true });
  };

  it('bounds re-sends, in order, and nothing new goes out before them', () => {
    const rig = paced(5, 2);
    assert.deepEqual(rig.answers(), ['connect', 'publish+ 1', 'publish+ 2']);
    assert.equal(rig.session.credit, 0);
    rig.serve(ack('pubrec', 1));
    assert.deepEqual(rig.answers(), [], 'a message counts until PUBCOMP');
    rig.session.release(0);
    rig.serve(ack('pubcomp', 1));
    assert.deepEqual(rig.answers(), ['pubrel 1', 'publish+ 3']);
    rig.session.pace(Number.POSITIVE_INFINITY, 0);
    assert.deepEqual(rig.answers(), ['publish+ 4', 'publish+ 5']);
    assert.ok(rig.session.credit > 0);
  });

  it('at one a PINGREQ is answered before each PUBLISH, and nothing else is unanswered', () => {
    const rig = paced(2, 1);
    assert.deepEqual(rig.answers(), ['connect', 'pingreq']);
    rig.serve(PINGRESP);
    assert.deepEqual(rig.answers(), ['publish+ 1']);
    rig.serve(PINGRESP);
    assert.deepEqual(rig.answers(), [], 'one that nobody asked for');
    rig.serve(ack('pubrec', 1));
    rig.session.release(0);
    rig.serve(ack('pubcomp', 1));
    assert.deepEqual(rig.answers(), ['pubrel 1', 'pingreq']);
    rig.serve(PINGRESP);
    assert.deepEqual(rig.answers(), ['publish+ 2']);
  });

  it('at one a new message waits for a credit event', () => {
    const rig = new SessionRig().connect().forget();
    rig.session.pace(1, 0);
    assert.equal(rig.session.credit, 0);
    assert.throws(() => rig.session.publish(outbound(0, 1)), { code: 'INVALID_STATE' });
    assert.deepEqual(rig.answers(), ['pingreq']);
    rig.serve(PINGRESP);
    assert.deepEqual(rig.eventTypes(), ['credit']);
    assert.equal(rig.session.credit, 1);
    rig.session.publish(outbound(0, 1));
    assert.deepEqual(rig.answers(), ['publish 1']);
    rig.serve(ack('puback', 1));
    assert.deepEqual(rig.answers(), ['pingreq']);
  });

  it('at one PUBRELs are paced, too: one is unanswered', () => {
    const rig = inFlight(3, 2);
    rig.cut();
    rig.session.pace(1, 0);
    rig.connect({}, { sessionPresent: true });
    assert.deepEqual(rig.answers(), ['connect', 'pubrel 2']);
    rig.serve(ack('pubcomp', 2));
    assert.deepEqual(rig.answers(), ['pubrel 3']);
    rig.serve(ack('pubcomp', 3));
    assert.deepEqual(rig.answers(), ['pingreq']);
    rig.serve(PINGRESP);
    assert.deepEqual(rig.answers(), ['publish+ 1']);
  });

  it('at one several PUBRECs that become durable at once release one PUBREL after the other', () => {
    const rig = new SessionRig().connect();
    for (let seq = 0; seq < 3; seq += 1) rig.session.publish(outbound(seq, 2));
    rig.serve(ack('pubrec', 1), ack('pubrec', 2), ack('pubrec', 3));
    rig.cut();
    rig.session.pace(1, 0);
    rig.forget().connect({}, { sessionPresent: true });
    rig.session.release(0);
    rig.session.release(1);
    rig.session.release(2);
    assert.deepEqual(rig.answers(), ['connect', 'pubrel 1']);
    rig.serve(ack('pubcomp', 1));
    rig.serve(ack('pubcomp', 2));
    assert.deepEqual(rig.answers(), ['pubrel 2', 'pubrel 3']);
  });

  it('at one a SUBSCRIBE that waits for its SUBACK is what is unanswered', () => {
    const rig = new SessionRig().connect().forget();
    const id = rig.session.subscribe([
      { filter: 'f', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
    ]);
    rig.session.pace(1, 0);
    assert.deepEqual(rig.answers(), [`subscribe ${id}`]);
    rig.serve({ type: 'suback', packetId: id, reasonCodes: [1] });
    assert.deepEqual(rig.answers(), ['pingreq']);
  });

  it('a PINGRESP to the keep-alive does not stand for the one that is awaited', () => {
    const rig = new SessionRig().connect({ keepAlive: 10 }).forget();
    rig.now = 10_000;
    rig.session.handleTimeout(rig.now);
    rig.session.pace(1, rig.now);
    assert.deepEqual(rig.answers(), ['pingreq', 'pingreq']);
    rig.serve(PINGRESP);
    assert.equal(rig.session.credit, 0);
    rig.serve(PINGRESP);
    assert.equal(rig.session.credit, 1);
  });

  it('at nought nothing goes out, no PUBREL either', () => {
    const rig = inFlight(3, 1);
    rig.cut();
    rig.session.pace(0, 0);
    rig.connect({}, { sessionPresent: true });
    assert.deepEqual(rig.answers(), ['connect']);
    assert.equal(rig.session.credit, 0);
    rig.session.pace(1, 0);
    assert.deepEqual(rig.answers(), ['pubrel 3']);
  });

  it('tells after the end of a connection what was unanswered, and whether it was one PUBLISH alone', () => {
    const several = inFlight(3);
    several.cut();
    assert.deepEqual([several.session.lastOwed, several.session.lastAlone], [3, -1]);
    const single = paced(3, 1);
    single.cut();
    assert.deepEqual([single.session.lastOwed, single.session.lastAlone], [0, -1], 'only the PINGREQ');
    single.connect({}, { sessionPresent: true });
    single.serve(PINGRESP);
    single.cut();
    assert.deepEqual([single.session.lastOwed, single.session.lastAlone], [1, 0]);
    single.connect({}, { sessionPresent: true });
    single.serve(PINGRESP, ack('pubrec', 1));
    single.session.release(0);
    single.cut();
    assert.deepEqual([single.session.lastOwed, single.session.lastAlone], [1, -1], 'a PUBREL speaks of no refusal');
  });
});

describe('Session.abandon (R20a)', () => {
  const MARK = 60_000;

  it('burns the packet id of a QoS 2 message: a later one has a spare id, and its answers find it', () => {
    const rig = inFlight(1);
    rig.cut();
    rig.session.abandon(0);
    rig.connect({}, { sessionPresent: true }).forget();
    rig.session.publish(outbound(MARK, 2));
    rig.session.publish(outbound(MARK + 1, 2));
    assert.deepEqual(rig.answers(), ['publish 62536', 'publish 2']);
    rig.serve(ack('pubrec', 1));
    assert.deepEqual(rig.answers(), ['pubrel 1 0x92'], 'nobody has the burnt id');
    rig.serve(ack('pubrec', 62_536));
    rig.session.release(MARK);
    assert.deepEqual(rig.answers(), ['pubrel 62536']);
    rig.serve(ack('pubcomp', 62_536));
    assert.deepEqual(rig.eventTypes(), ['received', 'delivered']);
  });

  it('is part of the state: another process does not use the id either, and a new session has it again', () => {
    const rig = inFlight(2);
    rig.cut();
    rig.session.abandon(0);
    const state = rig.session.state();
    assert.deepEqual(state.burnt, [0]);
    const next = new SessionRig({ state }).connect({}, { sessionPresent: true }).forget();
    next.session.publish(outbound(MARK, 2));
    assert.deepEqual(next.answers(), ['publish 62536']);
    next.cut();
    next.connect({}, { sessionPresent: false }).forget();
    next.session.startEpoch('redeliver');
    assert.deepEqual(next.answers(), ['publish 2', 'publish 1']);
    assert.equal(next.session.state().burnt, undefined);
  });

  it('so is the id of one that was sent, and that the server of a later connection cannot take any more', () => {
    const rig = inFlight(2);
    rig.cut();
    rig.connect({}, { sessionPresent: true, properties: { maximumPacketSize: 4 } });
    assert.deepEqual(rig.eventTypes().slice(-2), ['refused', 'refused']);
    assert.deepEqual(rig.session.state().burnt, [0, 1]);
  });

  it('where no spare id is left, one of them is used again, which is told of each before it is refused', () => {
    const burnt = Array.from({ length: MOST_BURNT }, (_, index) => 10 + index);
    const messages = [0, 1].map((seq) => ({ message: outbound(seq, 2), stage: 'sent' as const }));
    const state = { epoch: 1, inbound: [], outbound: messages, burnt };
    const rig = new SessionRig({ state });
    rig.connect({}, { sessionPresent: true, properties: { maximumPacketSize: 4 } });
    assert.deepEqual(rig.eventTypes().slice(-4), ['ids-spent', 'refused', 'ids-spent', 'refused']);
    assert.equal(rig.session.state().burnt?.length, MOST_BURNT);
  });

  it('burns nothing for QoS 1, nor for a message that was never sent in this session', () => {
    const rig = new SessionRig().connect();
    rig.session.publish(outbound(0, 1));
    rig.cut();
    rig.session.abandon(0);
    assert.equal(rig.session.state().burnt, undefined);
    const unsent = { epoch: 1, inbound: [], outbound: [{ message: outbound(5, 2), stage: 'unsent' as const }] };
    const other = new SessionRig({ state: unsent });
    other.session.abandon(5);
    assert.equal(other.session.state().burnt, undefined);
  });

  it('never forgets a message whose PUBREC came, or one that is sent on this connection', () => {
    const rig = inFlight(2, 1);
    assert.throws(() => rig.session.abandon(0), { code: 'INVALID_STATE' });
    rig.cut();
    assert.throws(() => rig.session.abandon(1), { code: 'INVALID_STATE' });
    assert.equal(rig.session.inflight, 2);
  });

  it('forgets on a connection what is held back there, and lets the next one go', () => {
    const rig = inFlight(2);
    rig.cut();
    rig.session.pace(0, 0);
    rig.connect({}, { sessionPresent: true }).forget();
    rig.session.abandon(0);
    assert.deepEqual(rig.answers(), []);
    rig.session.pace(1, 0);
    rig.serve(PINGRESP);
    assert.deepEqual(rig.answers(), ['pingreq', 'publish+ 2']);
  });
});

describe('PacketIds', () => {
  it('a spare id may be burnt, too: the next one stands for it', () => {
    const ids = new PacketIds([]);
    ids.burn(7);
    assert.equal(ids.of(60_007), 62_536);
    ids.burn(60_007);
    assert.equal(ids.of(120_007), 62_537);
    assert.deepEqual(
      [8, 62_536, 62_537, 9].map((id) => ids.originOf(id)),
      [0, 0, 8, 9],
    );
    assert.deepEqual(new PacketIds(ids.burnt).of(120_007), 62_537);
  });

  it('gives no two messages within 60000 of each other one id, nor any a burnt one', () => {
    const ids = new PacketIds([]);
    const burnt = [3, 59_999, 60_003, 17, 120_003];
    const forbidden = burnt.map((seq) => {
      const id = ids.of(seq);
      ids.burn(seq);
      return id;
    });
    const used = new Set(Array.from({ length: 60_000 }, (_, index) => ids.of(180_000 + index)));
    assert.equal(used.size, 60_000);
    assert.ok(forbidden.every((id) => !used.has(id)));
  });

  it('says when there is none left', () => {
    const ids = new PacketIds(Array.from({ length: MOST_BURNT }, (_, index) => index));
    assert.equal(ids.of(MOST_BURNT - 1), 65_535);
    assert.throws(() => ids.burn(MOST_BURNT), { code: 'PUBLISH_REFUSED' });
  });
});
