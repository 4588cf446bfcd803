import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MetricsRegistry } from '../../../../../src/metrics/metrics-registry.js';
import { MqttSinkWriter } from '../../../../../src/mqtt/sink/direct/mqtt-sink-writer.js';
import { messageEncoder } from '../../../../../src/mqtt/sink/message/message-encoder.js';

it('an async messageFn fails the sink whatever onError says, and nothing counts as rejected', () => {
  const lost = (() => Promise.reject(new Error('nobody waits for it'))) as never;
  const encode = messageEncoder(lost, { topic: 'sink', qos: 1, retain: false });
  for (const failOnRejection of [true, false]) {
    const parts = { name: 'out', encode, failOnRejection, topic: 'sink' };
    // nothing of it needs a connection
    const writer = new MqttSinkWriter(parts, new MetricsRegistry(), () => []);
    assert.throws(() => writer.write(['item']), {
      code: 'USER_FUNCTION_FAILED',
      message: /messageFn returned a promise/,
    });
    assert.deepEqual(writer.progress(), { delivered: 0, rejected: [] });
  }
});
