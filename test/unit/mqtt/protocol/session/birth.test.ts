import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionState } from '../../../../../src/mqtt/protocol/index.js';
import { ack, inbound, outbound, SessionRig } from '../../../../support/rigs/session-rig.js';

const PRESENT = { sessionPresent: true } as const;

const born = (state: Partial<SessionState>): SessionRig =>
  new SessionRig({ state: { epoch: 2, inbound: [], outbound: [], ...state } });

test('a birth with rows of every kind is given back as it is, before, during and after a connection', () => {
  const state: SessionState = {
    epoch: 9,
    inbound: [
      { packetId: 65_535, token: 0, stage: 'taken' },
      { packetId: 3, token: 8, stage: 'accepted' },
      { packetId: 1, token: 9, stage: 'releasing' },
    ],
    outbound: [
      { message: outbound(70_000, 2), stage: 'received' },
      { message: outbound(70_001, 2), stage: 'released' },
      { message: outbound(70_005, 1), stage: 'sent' },
      { message: outbound(129_998, 2), stage: 'sent' },
    ],
  };
  const rig = born(state);
  assert.deepEqual(rig.session.state(), state);
  rig.connect({}, PRESENT);
  assert.deepEqual(rig.session.state(), state);
  rig.cut();
  assert.deepEqual(rig.session.state(), state);
});

test('R8: the packet ids of a birth come from its sequence numbers', () => {
  const rig = born({ outbound: [{ message: outbound(60_004, 2), stage: 'sent' }] }).connect({}, PRESENT);
  assert.deepEqual(rig.answers(), ['connect', 'publish+ 5']);
});

test('R12: a birth goes out in order: PUBREL where PUBREC was durable, PUBLISH with DUP where it may have been sent', () => {
  const rig = born({
    outbound: [
      { message: outbound(5, 2), stage: 'released' },
      { message: outbound(6, 2), stage: 'sent' },
      { message: outbound(7, 2), stage: 'released' },
      { message: outbound(8, 1), stage: 'sent' },
      { message: outbound(9, 2), stage: 'unsent' },
    ],
  }).connect({}, PRESENT);
  assert.deepEqual(rig.answers(), ['connect', 'pubrel 6', 'publish+ 7', 'pubrel 8', 'publish+ 9', 'publish 10']);
});

test('R9: a received row of a birth is told again and waits for its release', () => {
  const rig = born({ outbound: [{ message: outbound(5, 2), stage: 'received' }] }).connect({}, PRESENT);
  assert.deepEqual(rig.events().at(-1), { type: 'received', seq: 5, message: outbound(5, 2), reasonCode: 0 });
  assert.deepEqual(rig.answers(), ['connect']);
  rig.session.release(5);
  assert.deepEqual(rig.answers(), ['pubrel 6']);
});

test('R9a: PUBREC 0x91 means received for a row that was born as sent, and a conflict for one born unsent', () => {
  const row = (stage: 'sent' | 'unsent') => [{ message: outbound(5, 2), stage }];
  const sent = born({ outbound: row('sent') })
    .connect({}, PRESENT)
    .forget();
  sent.serve(ack('pubrec', 6, 0x91));
  assert.deepEqual(sent.events(), [{ type: 'received', seq: 5, message: outbound(5, 2), reasonCode: 0x91 }]);
  const unsent = born({ outbound: row('unsent') })
    .connect({}, PRESENT)
    .forget();
  unsent.serve(ack('pubrec', 6, 0x91));
  assert.equal(unsent.events()[0]?.type, 'refused');
});

test('R2, R3: inbound ids of a birth are known: a copy is answered, a PUBREL is asked about, a new message is new', () => {
  const rig = born({
    inbound: [
      { packetId: 1, token: 40, stage: 'accepted' },
      { packetId: 2, token: 41, stage: 'releasing' },
    ],
  })
    .connect({}, PRESENT)
    .forget();
  rig.serve(inbound(1, 2, { dup: true }), ack('pubrel', 1), ack('pubrel', 2), inbound(3, 2));
  assert.deepEqual(
    rig.events().map((event) => ('token' in event ? [event.type, event.token] : event.type)),
    [
      ['release', 40],
      ['release', 41],
      ['message', 42],
    ],
    'tokens go on above those of the birth',
  );
  assert.deepEqual(rig.answers(), ['pubrec 1']);
  rig.session.complete(40);
  rig.session.complete(41);
  assert.deepEqual(rig.answers(), ['pubcomp 1', 'pubcomp 2']);
});

test('R4: PUBREL for an id that was forgotten durably before the restart is answered', () => {
  const rig = born({}).connect({}, PRESENT).forget();
  rig.serve(ack('pubrel', 9));
  assert.deepEqual(rig.answers(), ['pubcomp 9 0x92']);
});

test('R5a: DUP 0 for an id of the birth shows a session that was lost without a word', () => {
  const rig = born({ inbound: [{ packetId: 1, token: 0, stage: 'accepted' }] })
    .connect({}, PRESENT)
    .forget();
  rig.serve(inbound(1, 2));
  assert.deepEqual(rig.eventTypes(), ['session-suspect', 'message']);
});

test('R8a, R11: ids are counted from the durable low water mark, so that none comes again before its completion is durable', () => {
  const rig = new SessionRig({ maxInflight: 59_999 }).connect().forget();
  rig.session.setDurableLow(1000);
  rig.session.publish(outbound(60_990, 1));
  rig.serve(ack('puback', 991));
  assert.equal(rig.session.credit, 9, 'next 60991 + 9 = 1000 + 60000');
  assert.throws(() => rig.session.publish(outbound(61_000, 1)), { code: 'INVALID_STATE' });
  rig.session.publish(outbound(60_999, 1));
  rig.serve(ack('puback', 1000));
  assert.equal(rig.session.credit, 0, 'although nothing is in flight');
  rig.session.setDurableLow(61_000);
  assert.equal(rig.session.credit, 59_999);
  rig.session.publish(outbound(61_000, 1));
});

test('R8a: the durable low water mark never falls, and does not matter while the lowest in flight is below it', () => {
  const rig = new SessionRig({ maxInflight: 59_999 }).connect().forget();
  rig.session.publish(outbound(10, 1));
  rig.session.setDurableLow(500);
  rig.session.setDurableLow(20);
  assert.throws(() => rig.session.publish(outbound(60_010, 1)), { code: 'INVALID_STATE' });
  rig.session.publish(outbound(60_009, 1));
  rig.serve(ack('puback', 11), ack('puback', 10));
  rig.session.publish(outbound(60_499, 1));
  assert.throws(() => rig.session.publish(outbound(60_500, 1)), { code: 'INVALID_STATE' });
});

test('R8a: a birth above the durable low water mark leaves room for what fits', () => {
  const rig = born({ outbound: [{ message: outbound(59_000, 2), stage: 'sent' }] });
  rig.session.setDurableLow(0);
  rig.connect({}, PRESENT).forget();
  assert.equal(rig.session.credit, 99, 'the window');
  for (let seq = 59_001; seq < 59_091; seq += 1) rig.session.publish(outbound(seq, 1));
  rig.session.publish(outbound(59_999, 1));
  assert.equal(rig.session.credit, 0);
});
