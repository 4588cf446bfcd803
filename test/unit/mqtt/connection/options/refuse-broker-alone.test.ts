import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttSinks, MqttSources } from '../../../../../src/index.js';

test('the short forms refuse a broker without a topic, and take a topic alone', () => {
  for (const url of ['tcp://localhost:1883', 'MQTTS://cloud', 'wss://cloud/mqtt']) {
    assert.throws(() => MqttSources.mqtt(url), { code: 'INVALID_OPTIONS', message: /no topic/ });
    assert.throws(() => MqttSinks.mqtt(url), { code: 'INVALID_OPTIONS', message: /no topic/ });
  }
  assert.equal(MqttSources.mqtt('sensors//tcp:').name, 'mqtt(sensors//tcp:)');
  assert.equal(MqttSinks.mqtt('mqtt:').name, 'mqtt(mqtt:)');
});
