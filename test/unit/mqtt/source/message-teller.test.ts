import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onDiagnostic } from '../../../../src/metrics/index.js';
import type { MessageEvent } from '../../../../src/mqtt/protocol/session/session-event.js';
import { toldEncoder } from '../../../../src/mqtt/sink/message/told-encoder.js';
import { MessageTeller } from '../../../../src/mqtt/source/message-teller.js';
import { messageEvent } from '../../../support/wire/message-event.js';

/** An event at which nobody may look. */
const closed = (): MessageEvent =>
  new Proxy(messageEvent({ token: 1, topic: 't', payload: new Uint8Array(1) }), {
    get: () => assert.fail('nobody listens, and it was looked at'),
  });

test('while nobody listens nothing of a message is looked at, and nothing is made', () => {
  const teller = new MessageTeller('s');
  teller.received(closed());
  teller.covered(0, 0);
  teller.committed(0);
  const content = { topic: 't', payload: new Uint8Array(1), qos: 1, retain: false, properties: undefined } as const;
  assert.equal(toldEncoder('s', () => content)('item', 5), content);
});

test('who listens is told of each step, and never of a payload', () => {
  const told: unknown[] = [];
  using _received = onDiagnostic('receive', ({ property, ...facts }) => told.push({ ...facts, a: property('a') }));
  using _taken = onDiagnostic('process', (data) => told.push(data));
  using _done = onDiagnostic('processed', (data) => told.push(data));
  const teller = new MessageTeller('s');
  const properties = { userProperties: [['a', '1'] as const, ['b', '2'] as const, ['a', '3'] as const] };
  const event = messageEvent({ token: 7, topic: 't', payload: new Uint8Array(2), properties });
  teller.received(event);
  teller.polled(event, 4);
  teller.covered(4, 0);
  teller.committed(-1);
  teller.committed(0);
  const { qos, retain, dup } = event;
  assert.deepEqual(told, [
    { source: 's', token: 7, topic: 't', qos, retain, dup, payloadBytes: 2, a: ['1', '3'] },
    { source: 's', token: 7, position: 4 },
    { source: 's', upTo: 4 },
  ]);
});

test('a message may be given user properties before it is stored or sent, where it can have some', () => {
  using _told = onDiagnostic('message', ({ property, addProperty }) => addProperty('b', String(property('a'))));
  const userProperties = [['a', '1']] as const;
  const content = {
    topic: 't',
    payload: new Uint8Array(1),
    qos: 1,
    retain: false,
    properties: { userProperties },
  } as const;
  const encode = toldEncoder('s', () => content);
  assert.deepEqual(encode('item', 5).properties?.userProperties, [
    ['a', '1'],
    ['b', '1'],
  ]);
  assert.equal(encode('item', 4), content);
});
