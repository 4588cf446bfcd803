import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeadLetter } from '../../../../../src/connector/dead-letter.js';
import { MetricsRegistry } from '../../../../../src/metrics/metrics-registry.js';
import { messageEncoder } from '../../../../../src/mqtt/sink/message/message-encoder.js';
import type { SinkMessage } from '../../../../../src/mqtt/sink/message/sink-message.js';
import { MqttOutboxWriter } from '../../../../../src/mqtt/sink/outbox/mqtt-outbox-writer.js';
import { RowCodec } from '../../../../../src/mqtt/sink/outbox/sender/row-codec.js';

/** The letter that an exactly-once sink writes of an item; nothing of it needs a connection. */
const letterOf = (item: object, messageFn: (item: object) => SinkMessage): DeadLetter | undefined => {
  const encode = messageEncoder(messageFn, { topic: 'sink', qos: 2, retain: false });
  const parts = {
    name: 'out',
    encode,
    codec: new RowCodec(),
    leastQos: 2,
    failOnRejection: false,
    topic: 'sink',
  } as const;
  const writer = new MqttOutboxWriter(parts, new MetricsRegistry(), () => [], new AbortController().signal);
  const { rows, rejected } = writer.prepare([item]);
  assert.deepEqual([rows.length, rejected.length], [0, 1]);
  return rejected[0]?.letter;
};

const shown = ({ payload, attributes, error }: DeadLetter) => ({
  code: error.code,
  payload: payload && Buffer.from(payload).toString(),
  topic: attributes.topic,
  properties: attributes.properties,
});

describe('MqttOutboxWriter, letters of what cannot be sent', () => {
  const message = { payload: 'on', properties: { contentType: 'text/plain' } };

  it('have the message that was made, when its topic can be none', () => {
    const letter = letterOf({ lamp: 'a+b' }, () => ({ ...message, topic: 'lamps/a+b' }));
    assert.deepEqual(letter && shown(letter), { code: 'INVALID_TOPIC', ...message, topic: 'lamps/a+b' });
  });

  it('have the message that was made, when its QoS is too low (R16)', () => {
    const letter = letterOf({ lamp: 'a' }, () => ({ ...message, qos: 1 }));
    assert.deepEqual(letter && shown(letter), { code: 'GUARANTEE_UNSUPPORTED', ...message, topic: 'sink' });
  });

  it('have the item, when messageFn throws at it', () => {
    const letter = letterOf({ lamp: 'a' }, () => {
      throw new Error('no such lamp');
    });
    const payload = '{"lamp":"a"}';
    assert.deepEqual(letter && shown(letter), {
      code: 'USER_FUNCTION_FAILED',
      payload,
      topic: 'sink',
      properties: undefined,
    });
    assert.deepEqual(letter?.attributes.item, { lamp: 'a' });
  });
});
