import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageEncoder } from '../../../../../src/mqtt/sink/message/message-encoder.js';
import type { SinkMessage } from '../../../../../src/mqtt/sink/message/sink-message.js';

const encoder = () => messageEncoder((message: SinkMessage) => message, { topic: 't', qos: 1, retain: false });
const payload = 'x';

test('a name that was meant to be another is no message, with the right one', () => {
  const encode = encoder();
  const wrong: readonly (readonly [SinkMessage & Record<string, unknown>, string])[] = [
    [{ payload, tpoic: 'a' }, 'tpoic, which a message does not have: did you mean topic'],
    [{ payload, retained: true }, 'did you mean retain?'],
    [{ payload, contentType: 'text/plain' }, 'did you mean properties.contentType?'],
    [
      { payload, properties: Object.assign({ responseTopic: 'a' }, { contentTyp: 'a' }) },
      'did you mean properties.contentType?',
    ],
  ];
  for (const [message, text] of wrong) {
    for (const _ of ['first', 'again']) {
      assert.throws(
        () => encode(message, 5),
        (error) => {
          assert.ok(error instanceof Error && 'code' in error && error.code === 'INVALID_MESSAGE');
          assert.ok(error.message.includes(text), error.message);
          return true;
        },
      );
    }
  }
});

test('each name of a message and of its properties is one', () => {
  const message: Required<SinkMessage> = {
    payload,
    qos: 1,
    retain: true,
    topic: 'a',
    timestampMs: 1,
    properties: {
      payloadFormatIndicator: 1,
      messageExpiryInterval: 1,
      contentType: 'a',
      responseTopic: 'a',
      correlationData: Uint8Array.of(1),
      userProperties: { a: 'b' },
    },
  };
  assert.equal(encoder()(message, 5).topic, 'a');
});

test('an item or a received message may be spread into a message', () => {
  const encode = encoder();
  const properties = { contentType: 'a', topicAlias: 3, subscriptionIdentifiers: [1] };
  const received = { dup: false, receivedAtMs: 1, properties };
  const item = { topics: ['a'], topic: 'a', device: 'boiler', contentType: 'a', properties: { contentType: 'a' } };
  for (const message of [
    { ...received, payload },
    { ...item, payload },
  ])
    assert.equal(encode(message, 5).qos, 1);
});

test('names that are new each time are taken, and not remembered for ever', () => {
  const encode = encoder();
  for (let number = 0; number < 1000; number += 1) encode(Object.assign({ payload }, { [`${number}`]: 1 }), 5);
  assert.equal(encode(Object.assign({ payload }, { topics: 'a' }), 5).topic, 't', 'more names than are looked at');
});
