import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REQUEST_IDS } from '../../../../../src/mqtt/protocol/session/outbound/packet-ids.js';
import { SessionRig } from '../../../../support/rigs/session-rig.js';

const FILTERS = [
  { filter: 'a/#', qos: 1 },
  { filter: 'b', qos: 2 },
] as const;

test('SUBSCRIBE and UNSUBSCRIBE have ids above those of messages (R8), and their answers say which', () => {
  const rig = new SessionRig().connect().forget();
  const first = rig.session.subscribe(FILTERS);
  const second = rig.session.unsubscribe(['a/#']);
  assert.deepEqual([first, second], [60_001, 60_002]);
  rig.serve(
    { type: 'unsuback', packetId: second, reasonCodes: [0x11] },
    { type: 'suback', packetId: first, reasonCodes: [1, 0x87], properties: { reasonString: 'no' } },
  );
  assert.deepEqual(rig.events(), [
    { type: 'unsubscribed', packetId: second, reasonCodes: [0x11], reasonString: undefined },
    { type: 'subscribed', packetId: first, reasonCodes: [1, 0x87], reasonString: 'no' },
  ]);
});

test('UNSUBACK below 5.0 has no codes: 0 for each filter', () => {
  const rig = new SessionRig().connect({ version: 4 }).forget();
  const packetId = rig.session.unsubscribe(['a', 'b']);
  rig.serve({ type: 'unsuback', packetId, reasonCodes: [] });
  assert.deepEqual(rig.events(), [{ type: 'unsubscribed', packetId, reasonCodes: [0, 0], reasonString: undefined }]);
});

test('SUBACK with more or fewer codes than filters is a protocol error (CVE-2024-10525)', () => {
  for (const reasonCodes of [[1], [1, 1, 1]]) {
    const rig = new SessionRig().connect().forget();
    const packetId = rig.session.subscribe(FILTERS);
    rig.serve({ type: 'suback', packetId, reasonCodes });
    assert.deepEqual(rig.eventTypes(), ['close']);
  }
});

test('SUBACK that nobody waits for, or for an UNSUBSCRIBE, is a protocol error', () => {
  for (const packetId of [1, 60_001, 60_002]) {
    const rig = new SessionRig().connect().forget();
    rig.session.unsubscribe(['a']);
    rig.serve({ type: 'suback', packetId, reasonCodes: [0] });
    assert.deepEqual(rig.eventTypes(), ['close']);
    assert.deepEqual(rig.answers(), ['unsubscribe 60001', 'disconnect 0x82']);
  }
});

test('a request dies with its connection', () => {
  const rig = new SessionRig().connect();
  const packetId = rig.session.subscribe(FILTERS);
  rig.resume().forget();
  rig.serve({ type: 'suback', packetId, reasonCodes: [1, 2] });
  assert.deepEqual(rig.eventTypes(), ['close']);
});

test('what the server cannot do is refused with its name', () => {
  const properties = {
    wildcardSubscriptionAvailable: false,
    sharedSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
    maximumPacketSize: 50,
  };
  const { session } = new SessionRig().connect({}, { properties }).forget();
  const subscribe = (filter: string) => () => session.subscribe([{ filter, qos: 0 }]);
  assert.throws(subscribe('a/+'), { code: 'UNSUPPORTED', details: { filter: 'a/+' } });
  assert.throws(subscribe('$share/g/a'), { code: 'UNSUPPORTED', details: { filter: '$share/g/a' } });
  const identifier = { subscriptionIdentifiers: [1] };
  assert.throws(() => session.subscribe([{ filter: 'a', qos: 0 }], identifier), { code: 'UNSUPPORTED' });
  assert.throws(subscribe('a'.repeat(50)), { code: 'MESSAGE_TOO_LARGE' });
  assert.throws(subscribe(''), { code: 'INVALID_TOPIC' });
  assert.equal(session.hasOutput, false);
  assert.equal(subscribe('a')(), 60_001);
});

test('packet ids of requests come round and pass over those in use', () => {
  const rig = new SessionRig().connect().forget();
  const held = rig.session.subscribe([{ filter: 'a', qos: 0 }]);
  for (let round = 0; round < 6000; round += 1) {
    const packetId = rig.session.unsubscribe(['a']);
    assert.ok(packetId > held && packetId <= REQUEST_IDS.last);
    rig.serve({ type: 'unsuback', packetId, reasonCodes: [0] });
  }
});

test('the number of requests that wait is bounded by their ids', () => {
  const { session } = new SessionRig().connect().forget();
  for (let id = REQUEST_IDS.first; id <= REQUEST_IDS.last; id += 1) session.unsubscribe(['a']);
  assert.throws(() => session.unsubscribe(['a']), { code: 'INVALID_STATE' });
});
